import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { natsServerBinary, startNatsServer } from '@handfast/bus/testing';
import type { Pki } from '@handfast/certificates/testing';
import type { Effort } from './bench.ts';
import { connectMany, connectOnce } from './client.ts';
import { MeasuredServer } from './measured-server.ts';
import type { ServerKind } from './messages.ts';
import { percentile, rounded } from './statistics.ts';

export interface LatencyResult {
  readonly name: string;
  /** Milliseconds from the start of the TCP connection to the client's end of the handshake. */
  readonly p50: number;
  readonly p99: number;
}

const names = {
  node: 'node:tls',
  handfast: 'Handfast',
  'node-proxy': 'node:tls as a proxy',
  'handfast-gateway': 'gateway, embedded',
  'handfast-gateway-nats': 'gateway, services over NATS',
} as const satisfies Record<ServerKind, string>;

/** How long a handshake takes, TLS 1.3 with ECDSA P-256, one at a time. */
export async function measureLatency(
  pki: Pki,
  effort: Effort,
  progress: (line: string) => void,
): Promise<readonly LatencyResult[]> {
  const results: LatencyResult[] = [];
  for (const kind of ['node', 'handfast', 'node-proxy', 'handfast-gateway'] as const) {
    progress(`latency: ${names[kind]}`);
    results.push(await measure(kind, await MeasuredServer.start(kind, 'handshake', pki.server), effort));
  }
  if (natsServerBinary() === undefined) {
    progress('latency over NATS: skipped, there is no nats-server (infra/nats/ensure.sh gets one)');
    return results;
  }
  progress(`latency: ${names['handfast-gateway-nats']}`);
  return [...results, await measureOverNats(pki, effort)];
}

async function measureOverNats(pki: Pki, effort: Effort): Promise<LatencyResult> {
  const nats = await startNatsServer();
  const services = await Promise.all(
    ['key-exchange', 'certificate', 'session'].map((name) => startService(name, nats.url, pki)),
  );
  try {
    const gateway = await MeasuredServer.start('handfast-gateway-nats', 'handshake', pki.server, nats.url);
    return await measure('handfast-gateway-nats', gateway, effort);
  } finally {
    for (const service of services) service.disconnect();
    await nats.stop();
  }
}

function startService(name: string, bus: string, { server }: Pki): Promise<ChildProcess> {
  const file = fileURLToPath(new URL('./service.ts', import.meta.url));
  const child = fork(file, [name, bus, server.chainPem, server.keyPem]);
  return new Promise((resolve, reject) => {
    child.once('message', () => resolve(child));
    child.once('exit', () => reject(new Error(`the ${name} service did not start`)));
  });
}

async function measure(kind: ServerKind, server: MeasuredServer, effort: Effort): Promise<LatencyResult> {
  const options = { port: server.port, version: 'TLSv1.3' } as const;
  await connectMany(options, effort.warmup);
  const latencies: number[] = [];
  for (let i = 0; i < effort.latencies; i += 1) latencies.push(await connectOnce(options));
  server.stop();
  return {
    name: names[kind],
    p50: rounded(percentile(latencies, 0.5), 2),
    p99: rounded(percentile(latencies, 0.99), 2),
  };
}
