import { setTimeout as delay } from 'node:timers/promises';
import { inspect } from 'node:util';
import { nativeCrypto } from '@handfast/crypto/native';
import type { KeyExchange } from '@handfast/key-exchange';
import { fillTicket, LocalSessionManager } from '@handfast/sessions';
import { type AskContext, NamedGroup, type ServiceWork } from '@handfast/wire';
import type { Msg, NatsConnection } from '@nats-io/nats-core';
import { connect } from '@nats-io/transport-node';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { contextOf, makeGate } from '../../testing/context.ts';
import { type NatsServer, natsServerBinary, startNatsServer } from '../../testing/index.ts';
import { failing, keyExchangeWith, later, offering } from '../../testing/key-exchanges.ts';
import type { Bus } from '../bus.ts';
import { now } from '../clock.ts';
import { handfast } from '../generated/handfast.js';
import { type HostOptions, hostKeyExchange, hostSessions } from '../host.ts';
import { RemoteKeyExchange } from '../remote-key-exchange.ts';
import { RemoteSessionManager } from '../remote-session-manager.ts';
import { encodeReply } from '../reply.ts';
import { encodeRefusal, parseReply, parseRequest, sealReply, sealRequest } from '../sealing/envelope.ts';
import { InstanceKey } from '../sealing/instance-key.ts';
import { NatsBus } from './nats-bus.ts';

const { Refusal } = handfast.v1;
const subject = 'handfast.v1.key-exchange.offer';
const offer = { groups: [NamedGroup.x25519] };

describe.skipIf(natsServerBinary() === undefined)('NatsBus', () => {
  const key = new InstanceKey(nativeCrypto, new Uint8Array(0));
  let server: NatsServer;
  let buses: NatsBus[];
  let raw: NatsConnection;

  beforeAll(async () => {
    server = await startNatsServer();
  });
  afterAll(() => server.stop());
  beforeEach(async () => {
    buses = [];
    raw = await connect({ servers: server.url });
  });
  afterEach(async () => {
    await Promise.all(buses.map((bus) => bus.close()));
    await raw.close();
  });

  async function makeBus(secret?: Uint8Array): Promise<NatsBus> {
    const bus = await NatsBus.connect({ servers: server.url, crypto: nativeCrypto, secret });
    buses.push(bus);
    return bus;
  }

  /** Hosts `port` at a bus of its own. */
  async function host(port: KeyExchange = keyExchangeWith([]), options: HostOptions = {}): Promise<NatsBus> {
    const bus = await makeBus();
    await hostKeyExchange(bus, port, options);
    return bus;
  }

  /** Hosts a port that tells of each ask for how many milliseconds its asker still waits. */
  async function hostTellingWaits(): Promise<readonly number[]> {
    const waits: number[] = [];
    const port = keyExchangeWith([]);
    await host(
      offering((request, context) => {
        waits.push(context.deadline - now());
        return port.offer(request, context);
      }),
    );
    return waits;
  }

  async function makeRemote(): Promise<RemoteKeyExchange> {
    return new RemoteKeyExchange(await makeBus());
  }

  /** What a listener with full permissions sees of everything on the bus, with subjects and headers. */
  function record(): readonly Msg[] {
    const seen: Msg[] = [];
    raw.subscribe('>', { callback: (_, message) => void seen.push(message) });
    return seen;
  }

  /** A service that answers every request with what `reply` makes of it. */
  async function pose(reply: (message: Msg, key: InstanceKey) => Uint8Array | undefined): Promise<void> {
    const key = new InstanceKey(nativeCrypto, new Uint8Array(0));
    raw.subscribe(subject, {
      queue: 'handfast',
      callback: (_, message) => {
        const isSealed = parseRequest(subject, message.data).recipients.length > 0;
        const answer = isSealed ? reply(message, key) : encodeRefusal(key, Refusal.REFUSAL_NOT_A_RECIPIENT);
        if (answer !== undefined) message.respond(answer);
      },
    });
    await raw.flush();
  }

  describe('asked for a service', () => {
    it('that nobody hosts, fails at once', async () => {
      const remote = await makeRemote();
      const patient = contextOf({ deadline: Date.now() + 600_000 });
      await expect(remote.offer(offer, patient)).rejects.toMatchObject({ reason: 'service-unavailable' });
    });

    it('that does not answer, fails at the deadline', async () => {
      await host(later(keyExchangeWith([]), new Promise(() => {})));
      const remote = await makeRemote();
      const ask = remote.offer(offer, contextOf({ deadline: Date.now() + 300 }));
      await expect(ask).rejects.toMatchObject({ reason: 'service-timeout' });
    });

    it('tells the deadline by the system clock, as other processes read it, however its own has departed', async () => {
      const waits = await hostTellingWaits();
      const messages = record();
      const remote = await makeRemote();
      await remote.offer(offer, contextOf());
      const passed = performance.now.bind(performance);
      vi.spyOn(performance, 'now').mockImplementation(() => passed() - 3_600_000);
      onTestFinished(() => void vi.restoreAllMocks());
      await remote.offer(offer, contextOf({ deadline: now() + 5_000 }));
      const requests = messages.filter((message) => message.subject === subject);
      const deadlines = requests.map(({ data }) => handfast.v1.SealedRequest.decode(data).deadline);
      for (const deadline of deadlines) expect(Math.abs(deadline - Date.now())).toBeLessThan(60_000);
      for (const wait of waits) expect(Math.abs(wait)).toBeLessThan(60_000);
    });

    it('after the deadline, asks nobody', async () => {
      const answer = vi.fn(keyExchangeWith([]).offer);
      await host(offering(answer));
      const remote = await makeRemote();
      const ask = remote.offer(offer, contextOf({ deadline: Date.now() - 1 }));
      await expect(ask).rejects.toMatchObject({ reason: 'service-timeout' });
      expect(answer).not.toHaveBeenCalled();
    });

    it('forgets an ask for which nobody waits', async () => {
      await host(later(keyExchangeWith([]), new Promise(() => {})));
      const remote = await makeRemote();
      const left = makeGate();
      const ask = remote.offer(offer, contextOf({ onCancel: (listener) => left.passed.then(listener) }));
      left.open();
      await expect(ask).rejects.toMatchObject({ reason: 'cancelled' });
    });

    it('ends what is under way when it closes', async () => {
      await host(later(keyExchangeWith([]), new Promise(() => {})));
      const bus = await makeBus();
      const ask = new RemoteKeyExchange(bus).offer(offer, contextOf({ deadline: Date.now() + 600_000 }));
      const failure = expect(ask).rejects.toMatchObject({ reason: 'cancelled' });
      await bus.close();
      await failure;
      const late = new RemoteKeyExchange(bus).offer(offer, contextOf({ deadline: Date.now() + 600_000 }));
      await expect(late).rejects.toMatchObject({ reason: 'service-unavailable' });
    });

    it('reports the work of the instance that did it', async () => {
      const { instance } = await host();
      const remote = await makeRemote();
      const works: ServiceWork[] = [];
      await remote.offer(offer, contextOf({ report: (work) => works.push(work) }));
      expect(works).toMatchObject([{ service: 'key-exchange', instance, operation: 'offer' }]);
    });

    it('carries the trace to the service in a lower-case traceparent header', async () => {
      const seen: AskContext[] = [];
      const port = keyExchangeWith([]);
      await host(
        offering((request, context) => {
          seen.push(context);
          return port.offer(request, context);
        }),
      );
      const messages = record();
      const remote = await makeRemote();
      await remote.offer(offer, contextOf({ id: 'the-ask' }));
      expect(seen.map(({ id, traceId, spanId }) => [id, hex(traceId), hex(spanId)])).toEqual([
        ['the-ask', '01'.repeat(16), '02'.repeat(8)],
      ]);
      const request = messages.find((message) => message.subject === subject);
      expect(request?.headers?.keys()).toEqual(['traceparent']);
      expect(request?.headers?.get('traceparent')).toBe(`00-${'01'.repeat(16)}-${'02'.repeat(8)}-01`);
    });

    it('keeps a failure of the service, with its reason', async () => {
      await host(keyExchangeWith([]));
      const remote = await makeRemote();
      const { continuation } = await remote.offer(offer, contextOf());
      const nothing = {
        continuation,
        group: NamedGroup.x25519,
        peerShare: new Uint8Array(32),
        masterSecret: undefined,
      };
      await expect(remote.agree(nothing, contextOf())).rejects.toMatchObject({
        reason: 'invalid-key-share',
        alert: 'illegal_parameter',
      });
    });

    it('learns nothing of a fault of the service', async () => {
      const onError = vi.fn();
      await host(failing(new Error('secret of the service')), { onError });
      const remote = await makeRemote();
      const error = await Promise.resolve(remote.offer(offer, contextOf())).catch((reason: unknown) => reason);
      expect(error).toMatchObject({ reason: 'service-failed' });
      expect(String(error)).not.toContain('secret');
      expect(onError).toHaveBeenCalledOnce();
    });

    it('refuses to send what the server does not carry', async () => {
      await host();
      const remote = await makeRemote();
      const content = new Uint8Array(2 ** 20);
      const ask = remote.sign({ keyId: '00'.repeat(32), scheme: 0x0403, content }, contextOf());
      await expect(ask).rejects.toMatchObject({ reason: 'service-failed', detail: /longer than the bus carries/ });
    });

    it('fails where the reply is longer than the server carries', async () => {
      const share = new Uint8Array(0xffff);
      const shares = Array.from({ length: 20 }, () => ({ group: 29, share }));
      await host(offering(() => ({ shares, continuation: new Uint8Array(1) })));
      const remote = await makeRemote();
      await expect(remote.offer(offer, contextOf())).rejects.toMatchObject({
        reason: 'service-failed',
        detail: /reply is longer/,
      });
    });
  });

  describe('with several instances', () => {
    async function instancesOf(remote: RemoteKeyExchange, asks: number): Promise<ReadonlySet<string>> {
      const instances = new Set<string>();
      const report = ({ instance }: ServiceWork) => instances.add(instance);
      for (let index = 0; index < asks; index++) await remote.offer(offer, contextOf({ report }));
      return instances;
    }

    it('shares the load among them', async () => {
      const hosts = [await host(), await host()];
      const instances = await instancesOf(await makeRemote(), 60);
      expect(instances).toEqual(new Set(hosts.map(({ instance }) => instance)));
    });

    it('asks one that it did not know of', async () => {
      const first = await host();
      const remote = await makeRemote();
      expect(await instancesOf(remote, 3)).toEqual(new Set([first.instance]));
      const others = [await host(), await host(), await host()];
      await first.close();
      expect(await instancesOf(remote, 100)).toEqual(new Set(others.map(({ instance }) => instance)));
    });

    it('asks another where one is busy', async () => {
      const gate = makeGate();
      const stuckPort = later(keyExchangeWith([]), gate.passed);
      const stuckOffer = vi.spyOn(stuckPort, 'offer');
      await host(stuckPort, { capacity: 1 });
      const free = await host();
      const remote = await makeRemote();
      const asks: unknown[] = [];
      while (stuckOffer.mock.calls.length === 0) {
        asks.push(remote.offer(offer, contextOf()));
        await delay(5);
      }
      expect(await instancesOf(remote, 40)).toEqual(new Set([free.instance]));
      gate.open();
      await Promise.all(asks);
    });

    it('waits for one that works on it, though a repetition finds that one busy', async () => {
      const gate = makeGate();
      await host(later(keyExchangeWith([]), gate.passed), { capacity: 1 });
      const refusal = hex(encodeRefusal(key, Refusal.REFUSAL_BUSY)).slice(-4);
      const messages = record();
      const remote = await makeRemote();
      const ask = Promise.allSettled([remote.offer(offer, contextOf())]);
      await vi.waitUntil(() => messages.some(({ data }) => hex(data).endsWith(refusal)));
      await delay(20);
      gate.open();
      expect(await ask).toMatchObject([{ status: 'fulfilled' }]);
    });

    it('does not run to and fro between one that is busy and one that is gone', async () => {
      const gone = await host();
      const remote = await makeRemote();
      await instancesOf(remote, 1);
      await host(keyExchangeWith([]), { capacity: 0 });
      expect(await instancesOf(remote, 5)).toEqual(new Set([gone.instance]));
      await gone.close();
      const heard = vi.fn();
      raw.subscribe(subject, { callback: heard });
      await raw.flush();
      await expect(remote.offer(offer, contextOf())).rejects.toMatchObject({ reason: 'service-busy' });
      expect(heard.mock.calls.length).toBeLessThan(10);
    });

    const elsewhere = ['REFUSAL_UNKNOWN_SCHEMA', 'REFUSAL_TOO_LATE', 'REFUSAL_INVALID'] as const;
    it.for(elsewhere)('asks another where one says %s, as while services are replaced', async (refusal) => {
      await pose((_, key) => encodeRefusal(key, Refusal[refusal]));
      const { instance } = await host();
      const remote = await makeRemote();
      // Until it is known, there is no other to ask.
      await vi.waitFor(() => expect(instancesOf(remote, 1)).resolves.toEqual(new Set([instance])));
      expect(await instancesOf(remote, 20)).toEqual(new Set([instance]));
    });

    it('asks another where one stands still', async () => {
      await pose(() => undefined);
      const { instance } = await host();
      const remote = await makeRemote();
      await instancesOf(remote, 1);
      const asks = Array.from({ length: 20 }, () => instancesOf(remote, 1));
      expect(new Set((await Promise.all(asks)).flatMap((instances) => [...instances]))).toEqual(new Set([instance]));
    });

    it('asks again where one took the request and died', async () => {
      const silent = vi.fn(() => new Promise<never>(() => {}));
      const dead = await host(offering(silent));
      const remote = await makeRemote();
      const ask = remote.offer(offer, contextOf({ deadline: Date.now() + 2_000 }));
      await vi.waitUntil(() => silent.mock.calls.length > 0);
      const alive = await host();
      void dead.close();
      await expect(ask).resolves.toHaveProperty('shares');
      expect(await instancesOf(remote, 5)).toEqual(new Set([alive.instance]));
    });
  });

  describe('hosting a service', () => {
    /** Public key of the one instance on the bus. */
    async function publicKey(): Promise<Uint8Array> {
      const asked = await raw.request(subject, sealRequest(key, [], header(), new Uint8Array(0)));
      return parseReply(asked.data).sender;
    }

    function header(parts: { readonly id?: string; readonly deadline?: number } = {}) {
      return { subject, id: 'raw-ask', deadline: Date.now() + 5_000, ...parts };
    }

    function offerPayload(): Uint8Array {
      return handfast.v1.OfferRequest.encode(offer).finish();
    }

    async function outcomeOf(request: Uint8Array) {
      const { outcome } = parseReply((await raw.request(subject, request)).data);
      return outcome.kind === 'refusal' ? Refusal[outcome.refusal] : outcome.kind;
    }

    it('answers a repeated request as it did before, without working on it twice', async () => {
      const port = keyExchangeWith([]);
      const answer = vi.fn(port.offer.bind(port));
      await host(offering(answer));
      const request = sealRequest(key, [await publicKey()], header(), offerPayload());
      const first = await raw.request(subject, request);
      const second = await raw.request(subject, request);
      expect(hex(second.data)).toBe(hex(first.data));
      expect(answer).toHaveBeenCalledOnce();
    });

    it('gives up work after a minute, however long the asker says that it waits', async () => {
      const waits = await hostTellingWaits();
      const remote = await makeRemote();
      await remote.offer(offer, contextOf({ deadline: Date.now() + 1e15 }));
      expect(waits[0]).toBeLessThanOrEqual(60_000);
    });

    it('works once on a request that is repeated while it works on it', async () => {
      const gate = makeGate();
      const port = keyExchangeWith([]);
      const answer = vi.fn((request, context) => gate.passed.then(() => port.offer(request, context)));
      await host(offering(answer));
      const request = sealRequest(key, [await publicKey()], header(), offerPayload());
      const first = raw.request(subject, request, { timeout: 5_000 });
      raw.publish(subject, request);
      await raw.flush();
      await vi.waitUntil(() => answer.mock.calls.length > 0);
      gate.open();
      await first;
      expect(answer).toHaveBeenCalledOnce();
    });

    it('drops a request whose deadline has passed', async () => {
      const answer = vi.fn(keyExchangeWith([]).offer);
      await host(offering(answer));
      const late = header({ deadline: Date.now() - 1 });
      expect(await outcomeOf(sealRequest(key, [await publicKey()], late, offerPayload()))).toBe('REFUSAL_TOO_LATE');
      expect(answer).not.toHaveBeenCalled();
    });

    it('drops requests whose deadline passed while they waited', async () => {
      let deadline = 0;
      const port = keyExchangeWith([]);
      const answer = vi.fn<KeyExchange['offer']>((request, context) => {
        // Blocks the instance beyond the deadline of those that wait.
        while (Date.now() <= deadline + 5);
        return port.offer(request, context);
      });
      await host(offering(answer));
      const remote = await makeRemote();
      deadline = Date.now() + 400;
      const asks = Array.from({ length: 5 }, () => remote.offer(offer, contextOf({ deadline })));
      await Promise.allSettled(asks);
      await delay(50);
      expect(answer).toHaveBeenCalledOnce();
    });

    it('answers busy at once over its capacity', async () => {
      const gate = makeGate();
      const port = keyExchangeWith([]);
      const answer = vi.fn<KeyExchange['offer']>((request, context) =>
        gate.passed.then(() => port.offer(request, context)),
      );
      answer.mockImplementationOnce((request, context) => port.offer(request, context));
      await host(offering(answer), { capacity: 2 });
      const remote = await makeRemote();
      // The two ends know each other after the first answer, so that the next requests are taken in their order.
      await remote.offer(offer, contextOf());
      const patient = () => contextOf({ deadline: Date.now() + 600_000 });
      const taken = [remote.offer(offer, patient()), remote.offer(offer, patient())];
      await expect(remote.offer(offer, patient())).rejects.toMatchObject({ reason: 'service-busy' });
      gate.open();
      await Promise.all(taken);
      await expect(remote.offer(offer, patient())).resolves.toHaveProperty('shares');
    });

    it('has room again where work outlasts its deadline', async () => {
      const port = keyExchangeWith([]);
      const answer = vi.fn(port.offer.bind(port)).mockImplementationOnce(() => new Promise(() => {}) as never);
      await host(offering(answer), { capacity: 1 });
      const remote = await makeRemote();
      const stuck = remote.offer(offer, contextOf({ deadline: Date.now() + 200 }));
      await expect(stuck).rejects.toMatchObject({ reason: 'service-timeout' });
      await vi.waitFor(() => expect(remote.offer(offer, contextOf())).resolves.toHaveProperty('shares'));
    });

    it('tells the port when nobody waits any more', async () => {
      const cancelled = makeGate();
      await host(
        offering((_, context) => {
          context.onCancel(cancelled.open);
          return new Promise(() => {});
        }),
      );
      const remote = await makeRemote();
      const ask = remote.offer(offer, contextOf({ deadline: Date.now() + 100 }));
      await expect(ask).rejects.toMatchObject({ reason: 'service-timeout' });
      await cancelled.passed;
    });

    it('refuses another version of the messages, and says which one it speaks', async () => {
      await host();
      const envelope = parseRequest(subject, sealRequest(key, [await publicKey()], header(), offerPayload()));
      const { header: clear, sealed, sender, recipients } = envelope;
      const newer = handfast.v1.SealedRequest.encode({
        ...clear,
        ...sealed,
        sender,
        recipients: [...recipients],
        schema: 2,
      });
      expect(await outcomeOf(newer.finish())).toBe('REFUSAL_UNKNOWN_SCHEMA');
    });

    it('refuses what does not open', async () => {
      await host();
      const request = sealRequest(key, [await publicKey()], header(), offerPayload());
      request[request.length - 1] = (request[request.length - 1] ?? 0) ^ 1;
      expect(await outcomeOf(request)).toBe('REFUSAL_INVALID');
    });

    it('survives whatever is sent to it', async () => {
      await host();
      const mutated = sealRequest(key, [await publicKey()], header(), offerPayload());
      fc.assert(
        fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat({ max: mutated.length - 1 }), (bytes, position) => {
          raw.publish(subject, bytes, { reply: 'nobody' });
          raw.publish(subject, bytes);
          raw.publish(subject, Uint8Array.from(mutated).fill(bytes[0] ?? 255, position, position + 1));
        }),
      );
      await raw.flush();
      const remote = await makeRemote();
      await expect(remote.offer(offer, contextOf())).resolves.toHaveProperty('shares');
    });

    it('answers what is under way when it stops, and takes no more', async () => {
      const gate = makeGate();
      const bus = await makeBus();
      const serving = await hostKeyExchange(bus, later(keyExchangeWith([]), gate.passed));
      const remote = await makeRemote();
      const first = remote.offer(offer, contextOf());
      await delay(50);
      const stopped = serving.stop();
      await delay(50);
      const second = remote.offer(offer, contextOf());
      await expect(second).rejects.toMatchObject({ reason: 'service-unavailable' });
      gate.open();
      await expect(first).resolves.toHaveProperty('shares');
      await stopped;
    });

    it('is found by service discovery, as NATS ADR-32 has it', async () => {
      const { instance } = await host();
      const remote = await makeRemote();
      await remote.offer(offer, contextOf());
      const ask = async (to: string) => (await raw.request(to)).json<Record<string, unknown>>();
      const identity = { name: 'handfast-key-exchange', id: instance, version: '1.0.0' };
      for (const suffix of ['', '.handfast-key-exchange', `.handfast-key-exchange.${instance}`]) {
        expect(await ask(`$SRV.PING${suffix}`)).toMatchObject({ ...identity, type: 'io.nats.micro.v1.ping_response' });
      }
      const endpoint = { name: 'offer', subject, queue_group: 'handfast' };
      expect(await ask('$SRV.INFO.handfast-key-exchange')).toMatchObject({
        ...identity,
        type: 'io.nats.micro.v1.info_response',
        metadata: { 'handfast-key': expect.stringMatching(/^[0-9a-f]{64}$/) },
        endpoints: expect.arrayContaining([expect.objectContaining(endpoint)]),
      });
      expect(await ask('$SRV.STATS.handfast-key-exchange')).toMatchObject({
        ...identity,
        type: 'io.nats.micro.v1.stats_response',
        started: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
        endpoints: expect.arrayContaining([expect.objectContaining({ ...endpoint, num_requests: 1, num_errors: 0 })]),
      });
    });
  });

  describe('answered', () => {
    const work = { instance: 'posing', startedAt: 0, duration: 0 };
    const answerWith = (answer: Uint8Array, message: Msg, key: InstanceKey) =>
      sealReply(key, parseRequest(subject, message.data), encodeReply({ kind: 'answer', answer, work }));
    const goodAnswer = handfast.v1.OfferReply.encode({
      shares: [{ group: 29, share: new Uint8Array(32) }],
      continuation: new Uint8Array(8),
    }).finish();

    async function failure(): Promise<unknown> {
      const remote = await makeRemote();
      return Promise.resolve(remote.offer(offer, contextOf())).catch((error: unknown) => error);
    }

    it('by a service that is not one of ours but speaks as they do, takes the answer', async () => {
      await pose((message, key) => answerWith(goodAnswer, message, key));
      const remote = await makeRemote();
      await expect(remote.offer(offer, contextOf())).resolves.toHaveProperty('shares.length', 1);
    });

    const sealed = (bytes: Uint8Array) => (message: Msg, key: InstanceKey) =>
      sealReply(key, parseRequest(subject, message.data), bytes);
    const malformed: readonly (readonly [string, (message: Msg, key: InstanceKey) => Uint8Array])[] = [
      ['nothing', () => new Uint8Array(0)],
      ['noise', () => nativeCrypto.randomBytes(200)],
      ['a refusal of no known kind', (_, key) => encodeRefusal(key, 77 as never)],
      ['a sealed nothing', sealed(new Uint8Array(0))],
      ['sealed noise', sealed(Buffer.from('ffffffffff', 'hex'))],
      ['an answer without its parts', (message, key) => answerWith(new Uint8Array(0), message, key)],
      ['a truncated answer', (message, key) => answerWith(goodAnswer.subarray(0, 20), message, key)],
      [
        'a failure with a reason that is not of the list',
        sealed(handfast.v1.Reply.encode({ failure: { reason: 'my-own', detail: '' }, work }).finish()),
      ],
      ['an answer without an account of the work', sealed(handfast.v1.Reply.encode({ answer: goodAnswer }).finish())],
      [
        'an answer of an instance that could not read the request',
        (message) => answerWith(goodAnswer, message, new InstanceKey(nativeCrypto, new Uint8Array(0))),
      ],
    ];
    it.for(malformed)('with %s, fails with service-reply-invalid', async ([, reply]) => {
      await pose(reply);
      expect(await failure()).toMatchObject({ reason: 'service-reply-invalid' });
    });

    it('with the answer to an earlier request, fails', async () => {
      let stale: Uint8Array | undefined;
      await pose((message, key) => {
        stale ??= answerWith(goodAnswer, message, key);
        return stale;
      });
      const remote = await makeRemote();
      await remote.offer(offer, contextOf());
      await expect(remote.offer(offer, contextOf())).rejects.toMatchObject({ reason: 'service-reply-invalid' });
    });

    it('twice, takes the first answer', async () => {
      await pose((message, key) => {
        message.respond(answerWith(goodAnswer, message, key));
        return nativeCrypto.randomBytes(100);
      });
      const remote = await makeRemote();
      for (let index = 0; index < 3; index++) {
        await expect(remote.offer(offer, contextOf())).resolves.toHaveProperty('shares');
      }
    });

    it('late, ignores the answer', async () => {
      const replies: (() => void)[] = [];
      await pose((message, key) => {
        replies.push(() => message.respond(answerWith(goodAnswer, message, key)));
        return undefined;
      });
      const remote = await makeRemote();
      const ask = remote.offer(offer, contextOf({ deadline: Date.now() + 200 }));
      await expect(ask).rejects.toMatchObject({ reason: 'service-timeout' });
      for (const reply of replies) reply();
      await raw.flush();
    });

    it('always that it is no recipient, gives up', async () => {
      await pose((_, key) => encodeRefusal(key, Refusal.REFUSAL_NOT_A_RECIPIENT));
      expect(await failure()).toMatchObject({ reason: 'service-failed' });
    });

    const refusals = [
      ['REFUSAL_UNKNOWN_SCHEMA', 'service-failed'],
      ['REFUSAL_TOO_LATE', 'service-timeout'],
      ['REFUSAL_INVALID', 'service-failed'],
      ['REFUSAL_BUSY', 'service-busy'],
    ] as const;
    it.for(refusals)('with %s, fails with %s', async ([refusal, reason]) => {
      await pose((_, key) => encodeRefusal(key, Refusal[refusal]));
      expect(await failure()).toMatchObject({ reason });
    });
  });

  describe('shows a listener with full permissions', () => {
    it('neither secrets nor what TLS 1.3 encrypts, in a request or its reply', async () => {
      const secret = nativeCrypto.randomBytes(32);
      const alpn = Buffer.from('protocol-of-the-application');
      const certificate = nativeCrypto.randomBytes(400);
      const answer = { share: nativeCrypto.randomBytes(32), secret, signature: nativeCrypto.randomBytes(70) };
      const port: KeyExchange = { ...offering(() => expect.fail()), respond: () => answer };
      // With one instance the payload is sealed for it, with two under a key of its own.
      for (let instances = 1; instances <= 2; instances++) {
        await host(port);
        const messages = record();
        const remote = await makeRemote();
        for (let index = 0; index < 5; index++) {
          const beforeShare = Buffer.concat([nativeCrypto.randomBytes(20), alpn]);
          const signature = {
            keyId: 'ab'.repeat(32),
            scheme: 0x0403,
            hash: 'sha256' as const,
            beforeShare,
            afterShare: certificate,
          };
          const request = { group: 29, clientShare: new Uint8Array(32), signature };
          expect(hex((await remote.respond(request, contextOf())).secret)).toBe(hex(secret));
        }
        await raw.flush();
        const everything = Buffer.concat(messages.map(({ data }) => data));
        expect(everything.length).toBeGreaterThan(5 * 500);
        for (const hidden of [secret, alpn, certificate, answer.signature, Buffer.from('ab'.repeat(32))]) {
          for (const encoding of ['latin1', 'hex', 'base64'] as const) {
            expect(everything.includes(Buffer.from(hidden).toString(encoding), 0, 'latin1')).toBe(false);
          }
        }
      }
    });

    it('no note', async () => {
      const sessions = new LocalSessionManager({ crypto: nativeCrypto, now: Date.now });
      await hostSessions(await makeBus(), sessions);
      const messages = record();
      const remote = new RemoteSessionManager(await makeBus());
      const unknown = {
        traceId: 'abcd',
        protocol: undefined,
        cipherSuite: undefined,
        identity: undefined,
        reason: undefined,
      };
      const serverName = 'hidden.example';
      remote.note({ id: 'abcd', role: 'server', gateway: 'gateway', state: 'started', at: 0, serverName, ...unknown });
      await vi.waitUntil(() => sessions.handshakes().length > 0);
      await raw.flush();
      expect(messages.map((message) => message.subject)).toContain('handfast.v1.session.note');
      const everything = Buffer.concat(messages.map(({ data }) => data));
      for (const hidden of [serverName, 'gateway']) expect(everything.includes(hidden)).toBe(false);
    });

    it('nothing that resumes a session, nor what tells early data apart, in JetStream either', async () => {
      const psk = { identity: Uint8Array.of(1), key: nativeCrypto.randomBytes(32), hash: 'sha256' as const };
      const hosting = await makeBus();
      const earlyDataClaims = await hosting.earlyDataClaims();
      expect(earlyDataClaims).toBeDefined();
      const settings = { crypto: nativeCrypto, now: Date.now, externalPsks: [psk], earlyDataClaims };
      await hostSessions(hosting, new LocalSessionManager(settings));
      const messages = record();
      const remote = new RemoteSessionManager(await makeBus());
      const state = nativeCrypto.randomBytes(100);
      const [under, expires] = [{ kind: 'server' as const, server: 'a' }, Date.now() + 60_000];
      await remote.handshakes(contextOf());
      remote.keep({ under, state, expires });
      expect(await remote.recall({ server: 'a', count: 1 }, contextOf())).toHaveLength(2);
      const earlyDataClaim = nativeCrypto.randomBytes(32);
      const keys: Uint8Array[] = [];
      for (const ticket of (await remote.blankTickets({ count: 4 }, contextOf())).tickets) {
        keys.push(ticket.key);
        const offered = { kind: 'psk' as const, identities: [fillTicket(nativeCrypto, ticket, state), psk.identity] };
        expect((await remote.resume({ offered, earlyDataClaim }, contextOf())).sessions).toHaveLength(2);
      }
      await raw.flush();
      const subjects = messages.map((message) => message.subject);
      for (const operation of ['keep', 'recall', 'blankTickets', 'resume']) {
        expect(subjects).toContain(`handfast.v1.session.${operation}`);
      }
      expect(subjects).toContainEqual(expect.stringMatching(/^\$KV\.handfast-early-data\.[0-9a-f]{64}$/));
      const everything = Buffer.concat(messages.flatMap(({ subject, data }) => [Buffer.from(subject), data]));
      for (const hidden of [state, psk.key, earlyDataClaim, ...keys]) {
        for (const encoding of ['latin1', 'hex', 'base64'] as const) {
          expect(everything.includes(Buffer.from(hidden).toString(encoding), 0, 'latin1')).toBe(false);
        }
      }
    });

    it('nothing where an instance has another secret than the rest of the bus', async () => {
      const [ours, theirs] = [nativeCrypto.randomBytes(32), nativeCrypto.randomBytes(32)];
      await hostKeyExchange(await makeBus(theirs), keyExchangeWith([]));
      const remote = new RemoteKeyExchange(await makeBus(ours));
      await expect(remote.offer(offer, contextOf())).rejects.toMatchObject({ reason: 'service-failed' });
    });
  });
});

describe.skipIf(natsServerBinary() === undefined)('NatsBus, when the server goes away,', () => {
  it('fails asks at their deadlines, and goes on when it is back', async () => {
    let server = await startNatsServer();
    const { port } = server;
    const connectBus = () => NatsBus.connect({ servers: server.url, crypto: nativeCrypto });
    const buses: readonly Bus[] = [await connectBus(), await connectBus()];
    const [hosting, asking] = buses;
    if (hosting === undefined || asking === undefined) throw new Error('two buses');
    await hostKeyExchange(hosting, keyExchangeWith([]));
    const remote = new RemoteKeyExchange(asking);
    await remote.offer(offer, contextOf());
    await server.stop();
    const ask = remote.offer(offer, contextOf({ deadline: Date.now() + 500 }));
    await expect(ask).rejects.toMatchObject({ reason: 'service-timeout' });
    server = await startNatsServer({ port });
    await vi.waitFor(() => expect(remote.offer(offer, contextOf())).resolves.toHaveProperty('shares'), 15_000);
    await server.stop();
    // Closing does not wait for a server that is gone.
    await Promise.all(buses.map((bus) => bus.close()));
  });

  it('hosts what it is given meanwhile once it is back', async () => {
    let server = await startNatsServer();
    const { port, url } = server;
    const [hosting, asking] = await Promise.all(
      [url, url].map((servers) => NatsBus.connect({ servers, crypto: nativeCrypto })),
    );
    if (hosting === undefined || asking === undefined) throw new Error('two buses');
    await server.stop();
    const serving = hostKeyExchange(hosting, keyExchangeWith([]));
    await expect(serving).resolves.toHaveProperty('service', 'key-exchange');
    server = await startNatsServer({ port });
    const remote = new RemoteKeyExchange(asking);
    await vi.waitFor(() => expect(remote.offer(offer, contextOf())).resolves.toHaveProperty('shares'), 15_000);
    await Promise.all([hosting.close(), asking.close()]);
    await server.stop();
  });

  it('and does not know us when it is back, goes on when it does', async () => {
    let server = await startNatsServer();
    const { port, url } = server;
    const bus = await NatsBus.connect({ servers: url, crypto: nativeCrypto });
    await hostKeyExchange(bus, keyExchangeWith([]));
    await server.stop();
    server = await startNatsServer({ port, configuration: 'authorization { user: somebody, password: else }' });
    await expect(NatsBus.connect({ servers: url, crypto: nativeCrypto })).rejects.toThrow(/Authorization/);
    await delay(1_500);
    await server.stop();
    server = await startNatsServer({ port });
    const ask = () => new RemoteKeyExchange(bus).offer(offer, contextOf());
    await vi.waitFor(() => expect(ask()).resolves.toHaveProperty('shares'), 15_000);
    await bus.close();
    await server.stop();
  });

  it('is told the name and the password of the URL', async () => {
    const server = await startNatsServer({ configuration: 'authorization { user: somebody, password: "p@ss" }' });
    const connectAs = (login: string) =>
      NatsBus.connect({ servers: server.url.replace('//', `//${login}@`), crypto: nativeCrypto });
    const bus = await connectAs('somebody:p%40ss');
    await bus.close();
    await expect(connectAs('somebody:else')).rejects.toThrow(/Authorization/);
    await server.stop();
  });

  it('says so where there is none to begin with, without the password of the URL', async () => {
    const server = await startNatsServer();
    await server.stop();
    const servers = [server.url.replace('//', '//user:hidden@'), server.url];
    const error: unknown = await NatsBus.connect({ servers, crypto: nativeCrypto }).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ reason: 'service-unavailable' });
    expect(inspect(error)).not.toContain('hidden');
    expect(String(error)).toContain(server.url);
  });
});

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
