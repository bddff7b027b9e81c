import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Timeline } from '@handfast/handshake';
import { TlsError } from '@handfast/wire';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CollectorServer, received } from '../test/collector-server.ts';
import { full13, idle13, mutual12, refused13, rejectedLate13 } from '../test/timelines.ts';
import { HandshakeTelemetry, type TelemetryOptions } from './telemetry.ts';

const folder = mkdtempSync(join(tmpdir(), 'telemetry-'));
const lines: string[] = [];
let files = 0;

function traceFile(): string {
  files += 1;
  return join(folder, `${files}.jsonl`);
}

function telemetryTo(options: Partial<TelemetryOptions>): HandshakeTelemetry {
  return new HandshakeTelemetry({
    service: { name: 'handfast-gateway' },
    log: (line) => void lines.push(line),
    ...options,
  });
}

afterEach(() => {
  lines.length = 0;
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

describe('a collector', () => {
  let collector: CollectorServer;
  let otlp: string;

  beforeEach(async () => {
    collector = new CollectorServer();
    otlp = await collector.listen();
  });
  afterEach(() => collector.close());

  it('gets a handshake by OTLP, each service with its own resource, parents resolved', async () => {
    const telemetry = telemetryTo({ otlp });
    telemetry.record(mutual12());
    await telemetry.shutdown();

    expect(collector.requests.map(({ path }) => path)).toEqual(['/v1/traces']);
    const spans = received(collector.requests[0]?.body);
    const work = spans.filter(({ service }) => service !== 'handfast-gateway');
    expect(spans.length - work.length).toBe(20);
    expect(work.map(({ service, name, kind }) => [service, name, kind])).toEqual([
      ['handfast-key-exchange', 'KeyExchange.offer', 2],
      ['handfast-key-exchange', 'KeyExchange.accept', 2],
      ['handfast-certificate', 'CertificateValidator.validate', 2],
      ['handfast-session', 'SessionManager.register', 2],
    ]);
    expect(new Set(spans.map(({ traceId }) => traceId))).toEqual(new Set(['7a'.repeat(16)]));
    const known = new Set(spans.map(({ spanId }) => spanId));
    const roots = spans.filter(({ parentSpanId }) => parentSpanId === undefined);
    expect(roots.map(({ name, kind, status }) => ({ name, kind, status: status.code }))).toEqual([
      { name: 'TLS server handshake', kind: 2, status: 0 },
    ]);
    expect(spans.every(({ parentSpanId }) => parentSpanId === undefined || known.has(parentSpanId))).toBe(true);
    expect(lines).toEqual([]);
  });

  it('gets many handshakes in few requests, with one resource for each replica', async () => {
    const telemetry = telemetryTo({ otlp });
    for (let count = 0; count < 10; count += 1) telemetry.record(full13());
    await telemetry.flush();
    expect(collector.requests).toHaveLength(1);
    expect(collector.requests[0]?.body).toMatchObject({ resourceSpans: [{}, {}] });
    await telemetry.shutdown();
  });

  it('that refuses costs the handshake nothing; the loss is counted and said', async () => {
    collector.status = 400;
    const telemetry = telemetryTo({ otlp });
    telemetry.record(full13());
    await telemetry.shutdown();
    expect(lines).toEqual([expect.stringMatching(/^telemetry: 1 lost on the way to http:.*v1\/traces: Bad Request$/)]);
  });

  it('gets metrics where it is named for them', async () => {
    const telemetry = telemetryTo({ otlpMetrics: otlp });
    telemetry.record(full13());
    await telemetry.shutdown();
    expect(collector.requests.map(({ path }) => path)).toEqual(['/v1/metrics']);
    expect(JSON.stringify(collector.requests[0]?.body)).toContain('handfast.handshake.duration');
  });
});

describe('a collector that is not there', () => {
  it('neither throws nor hangs, keeps the other destination going, and is said once', async () => {
    const port = await unusedPort();
    const path = traceFile();
    const telemetry = telemetryTo({ otlp: `http://user:hunter2@127.0.0.1:${port}`, traceFile: path });
    for (let count = 0; count < 40; count += 1) telemetry.record(full13());
    await telemetry.shutdown();
    expect(lines).toEqual([expect.stringMatching(new RegExp(`lost on the way to http://127.0.0.1:${port}/v1/traces`))]);
    expect(
      readFileSync(path, 'utf8')
        .trimEnd()
        .split('\n')
        .flatMap((line) => received(JSON.parse(line))),
    ).toHaveLength(40 * 12);
  });

  it('is named without the credentials in its address, also where it was to get metrics', async () => {
    const port = await unusedPort();
    const telemetry = telemetryTo({ otlpMetrics: `http://user:hunter2@127.0.0.1:${port}?key=hunter2` });
    telemetry.record(full13());
    await telemetry.shutdown();
    expect(lines).toEqual([expect.stringContaining(`lost on the way to http://127.0.0.1:${port}/v1/metrics: `)]);
    expect(lines.join()).not.toContain('hunter2');
  });
});

describe('a trace file', () => {
  it('holds one export request a line, and is appended to', async () => {
    const path = traceFile();
    for (const timeline of [mutual12(), refused13()]) {
      const telemetry = telemetryTo({ traceFile: path });
      telemetry.record(timeline);
      await telemetry.shutdown();
    }
    const requests = readFileSync(path, 'utf8').split('\n');
    expect(requests.pop()).toBe('');
    expect(requests.map((line) => received(JSON.parse(line)).map(({ name }) => name)[0])).toEqual([
      'TLS server handshake',
      'TLS server handshake',
    ]);
  });

  it('is written soon, without a shutdown', async () => {
    const path = traceFile();
    const telemetry = telemetryTo({ traceFile: path });
    telemetry.record(full13());
    await expect.poll(() => readFileSync(path, 'utf8')).toMatch(/^\{"resourceSpans":.*\}\n$/);
    await telemetry.shutdown();
  });

  it('that cannot be written is refused when it is named, with the reason', () => {
    const path = join(folder, 'no-such-folder', 'traces.jsonl');
    expect(() => telemetryTo({ traceFile: path })).toThrow(TlsError);
    expect(() => telemetryTo({ traceFile: path })).toThrow(/cannot write traces to a file: ENOENT.*no-such-folder/);
  });

  it.skipIf(process.platform !== 'linux')('that fills up is said', async () => {
    const telemetry = telemetryTo({ traceFile: '/dev/full' });
    telemetry.record(full13());
    await telemetry.shutdown();
    expect(lines).toEqual([expect.stringMatching(/1 lost on the way to \/dev\/full: ENOSPC/)]);
  });
});

describe('what is recorded', () => {
  async function rootsAfter(record: (telemetry: HandshakeTelemetry) => void, options: Partial<TelemetryOptions> = {}) {
    const path = traceFile();
    const telemetry = telemetryTo({ traceFile: path, ...options });
    record(telemetry);
    await telemetry.shutdown();
    const requests = readFileSync(path, 'utf8').split('\n').filter(Boolean);
    return requests
      .flatMap((line) => received(JSON.parse(line)))
      .filter(({ parentSpanId }) => parentSpanId === undefined);
  }

  it('is reported once, and only when it has ended', async () => {
    const ended = full13();
    const changing: { -readonly [Name in keyof Timeline]: Timeline[Name] } = {
      ...ended,
      state: 'completed',
      confirmedAt: undefined,
      endedAt: undefined,
    };
    const roots = await rootsAfter((telemetry) => {
      telemetry.record(changing);
      Object.assign(changing, ended);
      telemetry.record(changing);
      telemetry.record(changing);
    });
    const states = roots.map(({ attributes }) => attributes.find(({ key }) => key === 'handfast.state')?.value);
    expect(states).toEqual([{ stringValue: 'confirmed' }]);
  });

  it('at ratio 0 is the failures, late ones too', async () => {
    const roots = await rootsAfter(
      (telemetry) => {
        for (const timeline of [full13(), mutual12(), idle13(), refused13(), rejectedLate13()]) {
          telemetry.record(timeline);
        }
      },
      { sampling: { ratio: 0 } },
    );
    expect(roots.map(({ status }) => status.code)).toEqual([2, 2]);
  });
});

describe('metrics', () => {
  it('count every handshake, kept or not, and time it and its asks', async () => {
    const telemetry = telemetryTo({ sampling: { ratio: 0 } });
    for (const timeline of [full13(), full13(), mutual12(), idle13(), refused13()]) telemetry.record(timeline);
    const text = await telemetry.prometheus();
    const of = (name: string) => text.split('\n').filter((line) => line.startsWith(name));

    expect(of('handfast_handshakes_total').sort()).toEqual([
      'handfast_handshakes_total{handfast_role="server",handfast_result="completed",tls_protocol_version="1.3"} 1',
      'handfast_handshakes_total{handfast_role="server",handfast_result="confirmed",tls_protocol_version="1.2"} 1',
      'handfast_handshakes_total{handfast_role="server",handfast_result="confirmed",tls_protocol_version="1.3"} 2',
      'handfast_handshakes_total{handfast_role="server",handfast_result="failed",tls_protocol_version="1.3",error_type="certificate-issuer-unknown"} 1',
    ]);
    expect(of('handfast_handshake_duration_seconds_bucket')).toContain(
      'handfast_handshake_duration_seconds_bucket{handfast_role="server",handfast_result="completed",tls_protocol_version="1.3",le="0.005"} 1',
    );
    expect(of('handfast_ask_duration_seconds_count')).toEqual(
      expect.arrayContaining([
        'handfast_ask_duration_seconds_count{handfast_port="key-exchange",handfast_operation="respond"} 4',
        'handfast_ask_duration_seconds_count{handfast_port="certificate",handfast_operation="validate"} 2',
      ]),
    );
    await telemetry.shutdown();
  });
});

/** A port on which nobody listens. */
async function unusedPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}
