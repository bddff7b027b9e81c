import type { Negotiated, Timeline } from '@handfast/handshake';
import { toHex } from '@handfast/wire';
import { bar } from './bar.ts';
import { type Outcome, outcomeOf } from './outcome.ts';
import type { Palette } from './palette.ts';
import { type Row, rowsOf } from './rows.ts';
import { fit, joined, milliseconds, wrap } from './text.ts';

const width = 80;
const labelWidth = 28;
const bytesWidth = 8;
/** Of a row that has no bytes. */
const nameWidth = labelWidth + bytesWidth;
const timeWidth = 9;
const barWidth = width - 3 - nameWidth - 2 * timeWidth - 2;

/**
 * A handshake as a waterfall of its messages, for a terminal of 80 columns.
 * @returns lines without their line ends.
 */
export function waterfall(
  timeline: Timeline,
  title: string,
  palette: Palette,
  outcome: Outcome = outcomeOf(timeline),
): readonly string[] {
  const rows = rowsOf(timeline);
  const total = durationOf(timeline);
  const rule = palette.dim('─'.repeat(width));
  return [
    heading(title, timeline, total, palette),
    rule,
    palette.dim(
      `   ${'message'.padEnd(labelWidth)}${'bytes'.padStart(bytesWidth)}${'waited'.padStart(timeWidth)}${'worked'.padStart(timeWidth)}  ms`,
    ),
    ...rows.map((row) => line(row, total, palette)),
    rule,
    ...footer(timeline, outcome, palette),
  ];
}

/** What the whole width of the bars stands for: the handshake, but no peer that confirmed or refused it later. */
function durationOf({ startedAt, steps, failure }: Timeline): number {
  const ends = steps.map(({ endedAt }) => endedAt);
  if (failure !== undefined && failure.late === undefined) ends.push(failure.at);
  return Math.max(0, ...ends.map((end) => end - startedAt));
}

function heading(title: string, { negotiated, role }: Timeline, total: number, palette: Palette): string {
  const facts = `${negotiated.protocol ?? 'TLS'} seen by the ${role}, ${milliseconds(total)} ms`;
  const left = fit(title, width - facts.length - 1);
  return palette.bold(left) + facts.padStart(width - left.length);
}

function line(row: Row, total: number, palette: Palette): string {
  const { indent, waited, worked } = bar({ waitedFrom: row.from - waitedBefore(row), ...row }, total, barWidth);
  const cells = `${labelOf(row, palette)}${times(row)}`;
  return `${cells}  ${indent}${palette.dim(waited)}${colorOf(row, palette)(worked)}`;
}

function labelOf(row: Row, palette: Palette): string {
  switch (row.kind) {
    case 'message': {
      const arrow = colorOf(row, palette)(arrowOf(row.sender));
      return ` ${arrow} ${fit(row.name, labelWidth).padEnd(labelWidth)}${String(row.bytes).padStart(bytesWidth)}`;
    }
    case 'ask': {
      const operation = `└ ${row.operation} `;
      const label = operation + fit(row.by, nameWidth - operation.length).padStart(nameWidth - operation.length);
      return `   ${row.failed ? palette.red(label) : palette.dim(label)}`;
    }
    case 'alert':
      return palette.red(` ${arrowOf(row.sender)} ${`alert ${row.name}`.padEnd(nameWidth)}`);
    case 'failure':
      return palette.red(` ✗ ${row.reason.padEnd(nameWidth)}`);
    case 'confirmed':
      return palette.green(` ✓ ${'confirmed'.padEnd(nameWidth)}`);
  }
}

function times(row: Row): string {
  const waited = row.waited === undefined ? '' : milliseconds(row.waited);
  const worked = row.kind === 'message' ? row.to - row.from : row.kind === 'ask' ? row.worked : undefined;
  return waited.padStart(timeWidth) + (worked === undefined ? '' : milliseconds(worked)).padStart(timeWidth);
}

/** A service is asked within the bar of its message, so its way there and back is a part of the bar. */
function waitedBefore(row: Row): number {
  return row.kind === 'ask' ? 0 : (row.waited ?? 0);
}

function arrowOf(sender: 'client' | 'server'): string {
  return sender === 'client' ? '→' : '←';
}

function colorOf(row: Row, palette: Palette): (text: string) => string {
  switch (row.kind) {
    case 'message':
      return row.sender === 'client' ? palette.cyan : palette.magenta;
    case 'ask':
      return palette.blue;
    case 'alert':
    case 'failure':
      return palette.red;
    case 'confirmed':
      return palette.green;
  }
}

function footer(timeline: Timeline, outcome: Outcome, palette: Palette): readonly string[] {
  const paint = paintOf(outcome.kind, palette);
  return [
    ...facts(timeline.negotiated),
    ...wrap(outcome.text, width - 1).map((text) => ` ${paint(text)}`),
    ` trace ${toHex(timeline.traceId)}`,
  ];
}

/** What was agreed on, in one or two lines. */
function facts(negotiated: Negotiated): readonly string[] {
  const { cipherSuite, group, serverSignatureScheme, applicationProtocol, serverName, clientCertificate } = negotiated;
  const parameters = joined(cipherSuite, group, serverSignatureScheme, applicationProtocol);
  const parties = joined(
    serverName === undefined ? undefined : `for ${serverName}`,
    negotiated.helloRetried === true ? 'after a HelloRetryRequest' : undefined,
    resumptionText(negotiated),
    negotiated.earlyData === undefined ? undefined : `early data ${negotiated.earlyData}`,
    clientCertificate === undefined || clientCertificate === 'not-requested'
      ? undefined
      : `client certificate ${clientCertificate}`,
    negotiated.peerSubject === undefined ? undefined : `trusted: ${negotiated.peerSubject}`,
  );
  return [parameters, parties]
    .filter((text) => text !== '')
    .flatMap((text) => wrap(text, width - 1).map((part) => ` ${part}`));
}

function resumptionText({ resumption }: Negotiated): string | undefined {
  switch (resumption) {
    case 'resumed':
      return 'session resumed';
    case 'external-psk':
      return 'external PSK';
    default:
      return undefined;
  }
}

/** The colour of an outcome. */
export function paintOf(kind: Outcome['kind'], palette: Palette): (text: string) => string {
  switch (kind) {
    case 'confirmed':
      return palette.green;
    case 'failed':
      return palette.red;
    case 'unconfirmed':
      return palette.yellow;
    case 'open':
      return String;
  }
}
