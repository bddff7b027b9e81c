import type { Issued, Pki } from '@handfast/certificates/testing';
import type { Effort } from './bench.ts';
import { type ClientOptions, connectMany, sessionWith } from './client.ts';
import { MeasuredServer } from './measured-server.ts';
import type { ServerKind } from './messages.ts';
import { median, rounded } from './statistics.ts';

export interface HandshakeResult {
  readonly name: string;
  /** CPU microseconds of the server process per connection: the median of the rounds. */
  readonly handfast: number;
  readonly node: number;
  /** Handfast's over node:tls's, the median of the rounds' own ratios. */
  readonly ratio: number;
}

interface Case {
  readonly name: string;
  readonly servers: readonly [handfast: ServerKind, node: ServerKind];
  readonly version: ClientOptions['version'];
  readonly kind: 'ecdsa-p256' | 'rsa-2048';
  /** Every connection resumes the session of the first one: TLS 1.3 with a PSK and ECDHE, TLS 1.2 with a ticket. */
  readonly resumed?: true;
}

const library = ['handfast', 'node'] as const;
const proxy = ['handfast-gateway', 'node-proxy'] as const;

const cases: readonly Case[] = [
  { name: 'TLS 1.3, ECDSA P-256', servers: library, version: 'TLSv1.3', kind: 'ecdsa-p256' },
  { name: 'TLS 1.3, RSA-2048', servers: library, version: 'TLSv1.3', kind: 'rsa-2048' },
  { name: 'TLS 1.2, ECDSA P-256', servers: library, version: 'TLSv1.2', kind: 'ecdsa-p256' },
  { name: 'TLS 1.2, RSA-2048', servers: library, version: 'TLSv1.2', kind: 'rsa-2048' },
  { name: 'TLS 1.3, resumed', servers: library, version: 'TLSv1.3', kind: 'ecdsa-p256', resumed: true },
  { name: 'TLS 1.2, resumed', servers: library, version: 'TLSv1.2', kind: 'ecdsa-p256', resumed: true },
  {
    name: 'gateway on the embedded bus, with an upstream: TLS 1.3, ECDSA P-256',
    servers: proxy,
    version: 'TLSv1.3',
    kind: 'ecdsa-p256',
  },
];

/** Full and resumed handshakes: the CPU time that each costs the server. */
export async function measureHandshakes(
  pki: Pki,
  effort: Effort,
  progress: (line: string) => void,
): Promise<readonly HandshakeResult[]> {
  const results: HandshakeResult[] = [];
  for (const item of cases) {
    progress(`handshakes: ${item.name}`);
    const credential = pki.servers[item.kind];
    if (credential === undefined) throw new Error(`no certificate of kind ${item.kind}`);
    results.push(await measure(item, credential, effort));
  }
  return results;
}

async function measure(
  { name, servers, version, resumed }: Case,
  credential: Issued,
  effort: Effort,
): Promise<HandshakeResult> {
  const running = await Promise.all(servers.map((kind) => MeasuredServer.start(kind, 'handshake', credential)));
  const clients = await Promise.all(
    running.map(async ({ port }) => {
      const client = { port, version };
      return resumed ? { ...client, session: await sessionWith(client) } : client;
    }),
  );
  for (const client of clients) await connectMany(client, effort.warmup);
  const costs: number[][] = running.map(() => []);
  for (let round = 0; round < effort.rounds; round += 1) {
    for (const [index, server] of running.entries()) {
      const client = clients[index];
      if (client === undefined) continue;
      const before = await server.cpu();
      await connectMany(client, effort.connections);
      costs[index]?.push(((await server.cpu()) - before) / effort.connections);
    }
  }
  for (const server of running) server.stop();
  const [handfast = [], node = []] = costs;
  return {
    name,
    handfast: rounded(median(handfast)),
    node: rounded(median(node)),
    ratio: rounded(median(handfast.map((cost, round) => cost / (node[round] ?? Number.NaN))), 2),
  };
}
