import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Reporter, TestModule } from 'vitest/node';
import type { TableEntry } from './table-entry.ts';

type Result = TableEntry & { readonly state: 'passed' | 'failed' | 'skipped' };

const path = join(import.meta.dirname, '../../docs/interop.md');

const sections = [
  ['embedded', 'client', 'Our server, their client'],
  ['embedded', 'server', 'Our client, their server'],
  ['over NATS', 'client', 'Our server with its services over NATS, their client'],
  ['over NATS', 'server', 'Our client with its services over NATS, their server'],
] as const;

/** Writes docs/interop.md from what the tests of the matrix have told, in their order: the same results make the same file. */
export default class InteropTableReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const results: Result[] = [];
    for (const module of modules) {
      for (const test of module.children.allTests()) {
        const { interop } = test.meta();
        const { state } = test.result();
        if (interop !== undefined && state !== 'pending') results.push({ ...interop, state });
      }
    }
    if (results.length > 0) writeFileSync(path, page(results));
  }
}

function page(results: readonly Result[]): string {
  const peers = distinct(results.map(({ peer }) => peer));
  const versionOf = (peer: string) => results.find((each) => each.peer === peer)?.version ?? 'not on that machine';
  return [
    '# Interoperability',
    '',
    'Handshakes with other TLS stacks, each followed by data in both directions, as the last run of',
    '`npm run interop:table` found them. The tests are in [test/interop](../test/interop/peers.test.ts); they run with all',
    'others, too. Each dimension is varied around one base: P-256 certificate, X25519, AES-128-GCM, no client certificate.',
    '',
    table(
      ['Peer', 'Version'],
      peers.map((peer) => [peer, versionOf(peer)]),
    ),
    ...sections.flatMap(([form, side, title]) => {
      const own = results.filter((each) => each.form === form && each.side === side);
      // Of a peer that has none, there is no server in the table.
      const able = peers.filter((peer) => own.some((each) => each.peer === peer && each.state !== 'skipped'));
      const features = distinct(own.map(({ feature }) => feature));
      const cells = features.map((feature) => [
        feature,
        ...able.map((peer) => cell(own.find((each) => each.peer === peer && each.feature === feature))),
      ]);
      return [`## ${title}`, '', table(['Handshake', ...able], cells)];
    }),
  ].join('\n');
}

function cell(result: Result | undefined): string {
  if (result === undefined) return '';
  return result.state === 'skipped' ? `skipped: ${result.reason}` : result.state;
}

function table(head: readonly string[], lines: readonly (readonly string[])[]): string {
  return [head, head.map(() => '---'), ...lines].map((cells) => `| ${cells.join(' | ')} |\n`).join('');
}

function distinct(values: readonly string[]): readonly string[] {
  return [...new Set(values)];
}
