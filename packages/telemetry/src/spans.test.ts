import type { AskRecord, Step, Timeline } from '@handfast/handshake';
import { SpanKind, SpanStatusCode } from '@opentelemetry/api';
import type { ReadableSpan } from '@opentelemetry/sdk-trace';
import * as conventions from '@opentelemetry/semantic-conventions/incubating';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  ask,
  full13,
  idle13,
  mutual12,
  refused13,
  refusedLate13,
  rejected12,
  rejectedLate13,
  retried13,
  silent,
  start,
  step,
} from '../test/timelines.ts';
import { Services } from './services.ts';
import { hrTime } from './span.ts';
import { spansOf } from './spans.ts';

const services = new Services({ name: 'handfast-gateway', instance: 'gateway-1', version: '1.2.3' });

/** The shape of a trace: a line for each span, indented below its parent, in order of their start. */
function outline(spans: readonly ReadableSpan[], parent?: ReadableSpan, indent = ''): readonly string[] {
  return spans
    .filter(({ parentSpanContext }) => parentSpanContext?.spanId === parent?.spanContext().spanId)
    .sort((left, right) => startOf(left) - startOf(right) || endOf(left) - endOf(right))
    .flatMap((span) => [
      indent + span.name + (span.status.code === SpanStatusCode.ERROR ? ' ✗' : ''),
      ...outline(spans, span, `${indent}  `),
    ]);
}

/** Milliseconds after the start of the handshake. */
function startOf({ startTime: [seconds, nanoseconds] }: ReadableSpan): number {
  return (seconds - 1_700_000_000) * 1000 + nanoseconds / 1e6 - (start - 1_700_000_000_000);
}

function endOf(span: ReadableSpan): number {
  return startOf(span) + span.duration[0] * 1000 + span.duration[1] / 1e6;
}

function named(spans: readonly ReadableSpan[], name: string): ReadableSpan {
  const span = spans.find((candidate) => candidate.name === name);
  if (span === undefined) throw new Error(`no span ${name}`);
  return span;
}

function attributesOf(timeline: Timeline, endpoints?: Parameters<typeof spansOf>[2]): ReadableSpan['attributes'] {
  return named(spansOf(timeline, services, endpoints), `TLS ${timeline.role} handshake`).attributes;
}

describe('the shape of a trace', () => {
  it('shows the thirteen messages of TLS 1.2 in order, waits between them, services below the messages', () => {
    expect(outline(spansOf(mutual12(), services))).toEqual([
      'TLS server handshake',
      '  wait for client',
      '  ClientHello',
      '  ServerHello',
      '  Certificate',
      '  ServerKeyExchange',
      '    KeyExchange.offer',
      '      KeyExchange.offer',
      '  CertificateRequest',
      '  ServerHelloDone',
      '  wait for client',
      '  Certificate',
      '    CertificateValidator.validate',
      '      CertificateValidator.validate',
      '  ClientKeyExchange',
      '    KeyExchange.accept',
      '      KeyExchange.accept',
      '  CertificateVerify',
      '  ChangeCipherSpec',
      '  Finished',
      '  ChangeCipherSpec',
      '  Finished',
      '    SessionManager.register',
      '      SessionManager.register',
    ]);
  });

  it('shows a HelloRetryRequest and both ClientHellos, from the side of the client', () => {
    const spans = spansOf(retried13(), services);
    expect(outline(spans).slice(0, 7)).toEqual([
      'TLS client handshake',
      '  ClientHello',
      '  wait for server',
      '  HelloRetryRequest',
      '  ClientHello',
      '  wait for server',
      '  ServerHello',
    ]);
    expect(spans[0]?.attributes['handfast.hello_retried']).toBe(true);
  });

  it('has kinds that Jaeger takes into the critical path', () => {
    const spans = spansOf(full13(), services);
    const [asked, worked] = spans.filter(({ name }) => name === 'KeyExchange.respond');
    expect(spans[0]?.kind).toBe(SpanKind.SERVER);
    expect(named(spans, 'ClientHello').kind).toBe(SpanKind.INTERNAL);
    expect(asked?.kind).toBe(SpanKind.CLIENT);
    expect(worked?.kind).toBe(SpanKind.SERVER);
    expect(spansOf(retried13(), services)[0]?.kind).toBe(SpanKind.CLIENT);
  });

  it('takes trace and span IDs from the timeline, one trace ID for all', () => {
    const timeline = full13();
    const spans = spansOf(timeline, services);
    expect(new Set(spans.map((span) => span.spanContext().traceId))).toEqual(new Set(['7a'.repeat(16)]));
    expect(spans[0]?.spanContext().spanId).toBe('01'.repeat(8));
    expect(spans[0]?.parentSpanContext).toBeUndefined();
    const hello = timeline.steps[0];
    expect(named(spans, 'ClientHello').spanContext().spanId).toBe(Buffer.from(hello?.spanId ?? []).toString('hex'));
    expect(named(spans, 'KeyExchange.respond').spanContext().spanId).toBe(
      Buffer.from(hello?.asks[0]?.spanId ?? []).toString('hex'),
    );
    expect(new Set(spans.map((span) => span.spanContext().spanId)).size).toBe(spans.length);
  });

  it('names the process on its own spans and the replica of a service on its work', () => {
    const spans = spansOf(full13(), services);
    const [asked, worked] = spans.filter(({ name }) => name === 'KeyExchange.respond');
    const own = { 'service.name': 'handfast-gateway', 'service.instance.id': 'gateway-1', 'service.version': '1.2.3' };
    expect(spans[0]?.resource.attributes).toEqual(own);
    expect(asked?.resource.attributes).toEqual(own);
    expect(worked?.resource.attributes).toEqual({
      'service.name': 'handfast-key-exchange',
      'service.instance.id': 'key-exchange-1',
    });
    expect(worked?.parentSpanContext?.isRemote).toBe(true);
    expect(asked?.parentSpanContext?.isRemote).toBe(false);
  });
});

describe('times', () => {
  it('are those of the timeline, to the microsecond', () => {
    const spans = spansOf(full13(), services);
    const hello = named(spans, 'ClientHello');
    expect(startOf(hello)).toBeCloseTo(0.5, 3);
    expect(endOf(hello)).toBeCloseTo(2.5, 3);
  });

  it('have no more than a second of nanoseconds', () => {
    expect(hrTime(1999.999_999_9)).toEqual([2, 0]);
    expect(hrTime(1999.999_999)).toEqual([1, 999_999_999]);
  });

  it('tell waiting from working: a span for the wait, seconds on the message and on the handshake', () => {
    const spans = spansOf(full13(), services);
    const waits = spans.filter(({ name }) => name === 'wait for client');
    expect(waits.map((wait) => [startOf(wait), endOf(wait)])).toEqual([
      [expect.closeTo(0, 3), expect.closeTo(0.5, 3)],
      [expect.closeTo(3, 3), expect.closeTo(4.8, 3)],
    ]);
    expect(spans.findLast(({ name }) => name === 'Finished')?.attributes['handfast.waited']).toBeCloseTo(0.0018, 9);
    expect(spans[0]?.attributes['handfast.waited']).toBeCloseTo(0.0023, 9);
    expect(spans[0]?.attributes['handfast.worked']).toBeCloseTo(0.0027, 6);
  });

  it('of a handshake end with its completion, however long the peer left it unconfirmed', () => {
    const confirmed = spansOf({ ...full13(), confirmedAt: start + 90_000, endedAt: start + 90_000 }, services)[0];
    expect(confirmed && endOf(confirmed)).toBeCloseTo(5, 3);
    expect(confirmed?.attributes['handfast.confirmed_after']).toBeCloseTo(89.995, 9);
    const idle = spansOf(idle13(), services)[0];
    expect(idle && endOf(idle)).toBeCloseTo(5, 3);
    expect(idle?.attributes).toMatchObject({ 'handfast.state': 'completed', 'handfast.confirmed': false });
    expect(idle?.attributes).not.toHaveProperty('handfast.confirmed_after');
    expect(idle?.status.code).toBe(SpanStatusCode.UNSET);
  });

  it('of a service whose clock is off are moved into the ask, and say by how much', () => {
    const skewed = ask('key-exchange', 'respond', [1, 3], { clockOffset: -60_000 });
    const timeline = { ...full13(), steps: [step('ClientHello', 'received', [0.5, 4], { asks: [skewed] })] };
    const worked = spansOf(timeline, services).at(-1);
    expect(worked && [startOf(worked), endOf(worked)]).toEqual([expect.closeTo(1.5, 3), expect.closeTo(2.5, 3)]);
    expect(worked?.attributes['handfast.clock_offset']).toBeCloseTo(60, 3);
    expect(spansOf(full13(), services).find(({ kind }) => kind === SpanKind.SERVER)?.attributes).not.toHaveProperty(
      'handfast.clock_offset',
    );
  });

  it('of a message include the answer to its ask that came while the next was worked on', () => {
    const steps = [
      step('Certificate', 'received', [1, 2], { asks: [ask('certificate', 'validate', [1.5, 3])] }),
      step('CertificateVerify', 'received', [2, 2.5]),
    ];
    const spans = spansOf({ ...full13(), steps }, services);
    expect(endOf(named(spans, 'Certificate'))).toBeCloseTo(3, 3);
    expect(endOf(named(spans, 'CertificateValidator.validate'))).toBeCloseTo(3, 3);
  });

  it('of a child lie within its parent, whatever the clocks did', () => {
    fc.assert(
      fc.property(disorderly(), (timeline) => {
        const spans = spansOf(timeline, services);
        const byId = new Map(spans.map((span) => [span.spanContext().spanId, span]));
        for (const span of spans) {
          expect(compare(span.startTime, span.endTime)).toBeLessThanOrEqual(0);
          if (span.parentSpanContext === undefined) continue;
          const parent = byId.get(span.parentSpanContext.spanId);
          if (parent === undefined) throw new Error('a span whose parent is in no trace');
          expect(compare(parent.startTime, span.startTime)).toBeLessThanOrEqual(0);
          expect(compare(span.endTime, parent.endTime)).toBeLessThanOrEqual(0);
        }
      }),
    );
  });
});

function compare(left: readonly [number, number], right: readonly [number, number]): number {
  return left[0] - right[0] || left[1] - right[1];
}

/** Timelines whose times follow no order. */
function disorderly(): fc.Arbitrary<Timeline> {
  const time = fc.double({ min: -1e7, max: 1e7, noNaN: true });
  const anAsk: fc.Arbitrary<AskRecord> = fc
    .record({ from: time, to: time, clockOffset: time })
    .map(({ from, to, clockOffset }) => ask('key-exchange', 'respond', [from, Math.max(from, to)], { clockOffset }));
  const aStep: fc.Arbitrary<Step> = fc
    .record({ from: time, to: time, waited: time, asks: fc.array(anAsk, { maxLength: 3 }) })
    .map(({ from, to, ...rest }) => step('Certificate', 'received', [from, to], rest));
  return fc
    .record({
      base: fc.constantFrom(full13(), refused13(), rejected12(), rejectedLate13(), silent()),
      steps: fc.array(aStep, { maxLength: 5 }),
      completedAt: fc.option(
        time.map((offset) => start + offset),
        { nil: undefined },
      ),
    })
    .map(({ base, ...rest }) => ({ ...base, ...rest }));
}

describe('attributes', () => {
  const endpoints = {
    local: { address: '192.0.2.1', port: 636 },
    peer: { address: '198.51.100.7', port: 50_123 },
  };

  it('describe a handshake in the words of OpenTelemetry where there are any', () => {
    expect(attributesOf(mutual12(), endpoints)).toMatchObject({
      'network.transport': 'tcp',
      'network.local.address': '192.0.2.1',
      'network.peer.address': '198.51.100.7',
      'network.peer.port': 50_123,
      'client.address': '198.51.100.7',
      'client.port': 50_123,
      'server.address': 'directory.example',
      'server.port': 636,
      'tls.protocol.name': 'tls',
      'tls.protocol.version': '1.2',
      'tls.established': true,
      'tls.cipher': 'TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256',
      'tls.curve': 'x25519',
      'tls.next_protocol': 'http/1.1',
      'tls.client.subject': 'CN=alice,DC=example',
      'tls.server.hash.sha256': '039058C6F2C0CB492C533B0A4D14EF77CC0F78ABCCCED5287D84A1A2011CFB81',
      'tls.client.hash.sha256': '787C798E39A5BC1910355BAE6D0CD87A36B2E10FD0202A83E3BB6B005DA83472',
      'tls.client.supported_ciphers': mutual12().offered?.cipherSuites,
    });
  });

  it('describe in our own words what OpenTelemetry has none for', () => {
    expect(attributesOf(mutual12())).toMatchObject({
      'handfast.client_random': 'c1'.repeat(32),
      'handfast.state': 'confirmed',
      'handfast.confirmed': true,
      'handfast.hello_retried': false,
      'handfast.extended_master_secret': true,
      'handfast.server_signature_scheme': 'ecdsa_secp256r1_sha256',
      'handfast.client_signature_scheme': 'ecdsa_secp256r1_sha256',
      'handfast.client_certificate': 'presented',
      'handfast.offered.versions': ['TLS 1.2'],
      'handfast.offered.groups': ['x25519', 'secp256r1'],
      'handfast.offered.application_protocols': ['http/1.1'],
    });
    expect(named(spansOf(mutual12(), services), 'ClientHello').attributes).toEqual({
      'handfast.message.direction': 'received',
      'handfast.message.bytes': 230,
      'handfast.waited': 0.001,
    });
    expect(named(spansOf(mutual12(), services), 'KeyExchange.offer').attributes).toEqual({
      'handfast.port': 'key-exchange',
      'handfast.operation': 'offer',
    });
  });

  it('tell client and server by role: at the client, the peer is the server', () => {
    expect(attributesOf({ ...retried13(), negotiated: { peerSubject: 'CN=server' } }, endpoints)).toMatchObject({
      'client.address': '192.0.2.1',
      'server.address': '198.51.100.7',
      'server.port': 50_123,
      'tls.server.subject': 'CN=server',
    });
  });

  it('use no name outside of handfast.* that OpenTelemetry does not define', () => {
    const defined = new Set<unknown>(Object.values(conventions));
    const used = [mutual12(), full13(), retried13(), refused13(), rejectedLate13()].flatMap((timeline) =>
      spansOf(timeline, services, endpoints).flatMap((span) => [
        ...Object.keys(span.attributes),
        ...Object.keys(span.resource.attributes),
        ...span.events.flatMap(({ attributes = {} }) => Object.keys(attributes)),
      ]),
    );
    expect(used.filter((name) => !name.startsWith('handfast.') && !defined.has(name))).toEqual([]);
  });

  it('leave out what is not known', () => {
    const { negotiated: _, ...rest } = full13();
    const attributes = attributesOf({ ...rest, negotiated: {}, clientRandom: undefined });
    expect(Object.values(attributes)).not.toContain(undefined);
    expect(attributes).not.toHaveProperty('tls.cipher');
    expect(attributes).not.toHaveProperty('handfast.client_random');
  });

  it('cut what a peer made long', () => {
    const attributes = attributesOf({
      ...full13(),
      negotiated: { serverName: 'a'.repeat(60_000) },
      offered: { versions: [], cipherSuites: new Array(30_000).fill('0x1a1a'), groups: [], applicationProtocols: [] },
    });
    expect(String(attributes['server.address']).length).toBeLessThanOrEqual(1025);
    expect(attributes['tls.client.supported_ciphers']).toHaveLength(128);
  });

  it('are not all: a status has words of the peer in it too', () => {
    const { failure, ...rest } = refused13();
    if (failure === undefined) throw new Error('not refused');
    const spans = spansOf({ ...rest, failure: { ...failure, detail: 'a'.repeat(60_000) } }, services);
    for (const { status } of spans) expect((status.message ?? '').length).toBeLessThanOrEqual(1025);
  });

  it('hold nothing that is not named: a field of a timeline does not leak by being there', () => {
    const canary = new Uint8Array(32).fill(0xee);
    const secrets = { masterSecret: canary, privateKey: '-----BEGIN PRIVATE KEY-----', secret: 'ee'.repeat(32) };
    const spoiled: Timeline = {
      ...mutual12(),
      ...secrets,
      negotiated: { ...mutual12().negotiated, ...secrets },
      steps: mutual12().steps.map((one) => ({
        ...one,
        ...secrets,
        asks: one.asks.map((question) => ({
          ...question,
          ...secrets,
          work: question.work.map((work) => ({ ...work, ...secrets })),
        })),
      })),
    };
    const text = JSON.stringify(
      spansOf(spoiled, services).map((span) => ({ ...span, resource: span.resource.attributes })),
    );
    expect(text).not.toMatch(/masterSecret|privateKey|PRIVATE|e{17}|":238/);
  });
});

describe('a handshake that failed', () => {
  it('by us: the message that we refused is marked, and why', () => {
    const spans = spansOf(refused13(), services);
    expect(outline(spans).slice(-3)).toEqual([
      '  Certificate ✗',
      '    CertificateValidator.validate',
      '      CertificateValidator.validate',
    ]);
    expect(outline(spans).filter((line) => line.includes('✗'))).toEqual(['TLS server handshake ✗', '  Certificate ✗']);
    expect(spans[0]?.status.message).toBe(
      'certificate-issuer-unknown in Certificate, server sent unknown_ca: no trust anchor for CN=Some CA',
    );
    expect(spans[0]?.attributes).toMatchObject({
      'error.type': 'certificate-issuer-unknown',
      'tls.established': false,
      'handfast.state': 'failed',
      'handfast.confirmed': false,
      'handfast.failure.by': 'us',
      'handfast.failure.step': 'Certificate',
      'handfast.failure.alert': 'unknown_ca',
      'handfast.failure.detail': 'no trust anchor for CN=Some CA',
    });
  });

  it('by the peer: the wait for its next message is marked, none of our messages', () => {
    const spans = spansOf(rejected12(), services);
    expect(outline(spans).filter((line) => line.includes('✗'))).toEqual([
      'TLS server handshake ✗',
      '  wait for client ✗',
    ]);
    expect(spans[0]?.status.message).toContain('client sent bad_certificate');
  });

  it('by the peer after our Finished: a late rejection, on the same trace, with its delay', () => {
    const spans = spansOf(rejectedLate13(), services);
    expect(outline(spans).slice(-2)).toEqual(['  Finished', '  wait for confirmation ✗']);
    const wait = named(spans, 'wait for confirmation');
    expect([startOf(wait), endOf(wait)]).toEqual([expect.closeTo(3, 3), expect.closeTo(5.5, 3)]);
    expect(spans[0] && endOf(spans[0])).toBeCloseTo(5.5, 3);
    expect(spans[0]?.attributes).toMatchObject({
      'handfast.confirmed': false,
      'handfast.late': 0.0025,
      'handfast.failure.by': 'peer',
      'handfast.failure.alert': 'unknown_ca',
    });
    expect(spans[0]?.status.message).toContain('client sent unknown_ca 2.5 ms after completion');
  });

  it('by us after our Finished: the message that we refused is marked, as ever', () => {
    const spans = spansOf(refusedLate13(), services);
    expect(outline(spans).slice(-2)).toEqual(['  wait for client', '  Certificate ✗']);
    expect(spans[0]?.attributes).toMatchObject({ 'handfast.late': 0.0025, 'handfast.failure.by': 'us' });
  });

  it('by silence: the wait says so, without a ClientHello', () => {
    const spans = spansOf(silent(), services);
    expect(outline(spans)).toEqual(['TLS server handshake ✗', '  wait for client ✗']);
    expect(spans[0]?.attributes['error.type']).toBe('handshake-timeout');
  });

  it('by a service: the ask is marked, with the reason', () => {
    const failed: AskRecord = {
      ...ask('key-exchange', 'respond', [1, 2]),
      failure: 'service-timeout',
      work: [],
    };
    const spans = spansOf(
      { ...refused13(), steps: [step('ClientHello', 'received', [0.5, 2], { asks: [failed] })] },
      services,
    );
    const asked = named(spans, 'KeyExchange.respond');
    expect(asked.status).toEqual({ code: SpanStatusCode.ERROR });
    expect(asked.attributes['error.type']).toBe('service-timeout');
  });

  it('has its alert as an event, with who sent it', () => {
    const [ours] = spansOf(refused13(), services);
    const [theirs] = spansOf(rejected12(), services);
    expect(ours?.events.map(({ name, attributes }) => ({ name, ...attributes }))).toEqual([
      {
        name: 'alert',
        'handfast.alert.name': 'unknown_ca',
        'handfast.alert.level': 'fatal',
        'handfast.alert.from': 'us',
      },
    ]);
    expect(theirs?.events[0]?.attributes?.['handfast.alert.from']).toBe('peer');
  });
});

describe('a handshake that succeeded', () => {
  it('leaves the status unset on every span', () => {
    for (const timeline of [mutual12(), full13(), retried13(), idle13()]) {
      for (const span of spansOf(timeline, services)) {
        expect(span.status).toEqual({ code: SpanStatusCode.UNSET });
        expect(span.attributes).not.toHaveProperty('error.type');
      }
    }
  });

  it('does not show the close_notify that came long after', () => {
    const alerts = [{ from: 'peer', alert: 'close_notify', level: 'warning', at: start + 6 }] as const;
    expect(spansOf({ ...full13(), alerts }, services)[0]?.events).toEqual([]);
  });
});
