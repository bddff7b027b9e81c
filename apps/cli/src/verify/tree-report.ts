import type { Verdict } from '@handfast/certificates';
import { type ChainEntry, describeChain, validityText } from '../trace/chain.ts';
import type { Palette } from '../waterfall/palette.ts';
import { joined, wrap } from '../waterfall/text.ts';
import { isAmong, type Judgement } from './json-report.ts';

const width = 80;

/** What `handfast verify` prints for people: the path from its top down, the verdict, what would mend it. */
export function treeReport(judgement: Judgement, palette: Palette): readonly string[] {
  const { verdict, time, anchors } = judgement;
  const path = verdict.path ?? judgement.chain.slice(0, 1);
  const entries = describeChain(path, time);
  const tree = entries.flatMap((_, index) => {
    const depth = entries.length - 1 - index;
    const [entry, isAnchor] = [entries[depth], isAmong(path[depth], anchors)];
    return entry === undefined ? [] : nodeLines(entry, { level: index, depth, isAnchor, time, verdict }, palette);
  });
  return [headline(judgement, palette), '', ...tree, ...failureLines(verdict, palette)];
}

function headline({ verdict, name, purpose, time }: Judgement, palette: Palette): string {
  const what = joined(`as a ${purpose}`, name === undefined ? undefined : `for ${name}`, new Date(time).toISOString());
  return verdict.trusted ? palette.green(`✓ valid ${what}`) : palette.red(`✗ not valid ${what}`);
}

interface Node {
  /** From the top of the tree. */
  readonly level: number;
  /** From the end entity. */
  readonly depth: number;
  readonly isAnchor: boolean;
  readonly time: number;
  readonly verdict: Verdict;
}

function nodeLines(entry: ChainEntry, node: Node, palette: Palette): readonly string[] {
  const { level, depth, isAnchor, time, verdict } = node;
  const branch = level === 0 ? '' : `${'   '.repeat(level - 1)}└─ `;
  const indent = `${'   '.repeat(level)}${depth === 0 ? '  ' : '│ '}`;
  const isFailing = !verdict.trusted && (verdict.certificate?.depth ?? 0) === depth;
  const mark = isFailing ? palette.red('✗ ') : '';
  if ('unreadable' in entry) return [`${branch}${mark}${palette.bold('(unreadable)')}`];
  const { subject, key, isCa, names } = entry;
  const facts = joined(isAnchor ? 'trust anchor' : undefined, isCa ? 'CA' : undefined, key, validityText(entry, time));
  const forNames = depth > 0 || names.length === 0 ? [] : wrap(`for ${someOf(names)}`, width - indent.length);
  return [
    `${branch}${mark}${palette.bold(subject === '' ? '(no subject)' : subject)}`,
    `${indent}${facts}`,
    ...forNames.map((line) => `${indent}${line}`),
  ];
}

function someOf(names: readonly string[]): string {
  const shown = names.slice(0, 8).join(', ');
  return names.length > 8 ? `${shown} and ${names.length - 8} more` : shown;
}

function failureLines(verdict: Verdict, palette: Palette): readonly string[] {
  if (verdict.trusted) return [];
  const { reason, detail, rule } = verdict;
  return ['', ...wrap(`${reason}: ${detail}`, width).map(palette.red), `${rule}`];
}
