import type { Results } from './bench.ts';

/** The results as a page for people. */
export function report({ node, openssl, handshakes, latency, bulk, validation }: Results): string {
  return [
    `Node ${node}, OpenSSL ${openssl}. Medians; the two take turns in one run.`,
    '',
    'CPU time of the server per handshake; full where nothing else is said',
    table(
      ['', 'Handfast µs', 'node:tls µs', 'ratio'],
      handshakes.map(({ name, handfast, node, ratio }) => [name, handfast, node, ratio]),
    ),
    '',
    'Time to a finished handshake, one at a time, TCP included',
    table(
      ['', 'p50 ms', 'p99 ms'],
      latency.map(({ name, p50, p99 }) => [name, p50, p99]),
    ),
    '',
    'Bulk',
    table(
      ['', 'Handfast MiB/s', 'node:tls MiB/s', 'Handfast µs/MiB', 'node:tls µs/MiB', 'CPU ratio'],
      bulk.map((row) => [row.name, row.handfast, row.node, row.handfastCpu, row.nodeCpu, row.ratio]),
    ),
    '',
    'Validation of a chain of three certificates, ECDSA P-256',
    table(
      ['', 'cold µs', 'seen before µs'],
      validation.map(({ name, cold, warm }) => [name, cold, warm]),
    ),
    '',
  ].join('\n');
}

function table(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const cells = [head, ...rows.map((row) => row.map(String))];
  const widths = head.map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]) =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join('  ');
  return cells.map(line).join('\n');
}
