import type { Pki } from '@handfast/certificates/testing';
import type { Effort } from './bench.ts';
import { download } from './client.ts';
import { MeasuredServer } from './measured-server.ts';
import { median, rounded } from './statistics.ts';

export interface BulkResult {
  readonly name: string;
  /** MiB a second that one client on the same machine receives: the median of the rounds. */
  readonly handfast: number;
  readonly node: number;
  /** CPU microseconds of the server process per MiB. */
  readonly handfastCpu: number;
  readonly nodeCpu: number;
  /** Handfast's CPU time over node:tls's. */
  readonly ratio: number;
}

/** One connection on which the server sends as fast as it can, in TLS 1.3. */
export async function measureBulk(
  pki: Pki,
  effort: Effort,
  progress: (line: string) => void,
): Promise<readonly BulkResult[]> {
  progress('bulk: TLS 1.3, AES-GCM');
  const servers = await Promise.all(
    (['handfast', 'node'] as const).map((kind) => MeasuredServer.start(kind, 'bulk', pki.server)),
  );
  const speeds: number[][] = servers.map(() => []);
  const costs: number[][] = servers.map(() => []);
  const bytes = effort.mebibytes * 2 ** 20;
  for (let round = 0; round <= effort.rounds; round += 1) {
    for (const [index, server] of servers.entries()) {
      const [cpu, started] = [await server.cpu(), performance.now()];
      await download({ port: server.port, version: 'TLSv1.3' }, bytes);
      const seconds = (performance.now() - started) / 1000;
      // The first round is for the compilers.
      if (round === 0) continue;
      speeds[index]?.push(effort.mebibytes / seconds);
      costs[index]?.push(((await server.cpu()) - cpu) / effort.mebibytes);
    }
  }
  for (const server of servers) server.stop();
  const [handfastCosts = [], nodeCosts = []] = costs;
  return [
    {
      name: 'TLS 1.3 download',
      handfast: rounded(median(speeds[0] ?? [])),
      node: rounded(median(speeds[1] ?? [])),
      handfastCpu: rounded(median(handfastCosts)),
      nodeCpu: rounded(median(nodeCosts)),
      ratio: rounded(median(handfastCosts.map((cost, round) => cost / (nodeCosts[round] ?? Number.NaN))), 2),
    },
  ];
}
