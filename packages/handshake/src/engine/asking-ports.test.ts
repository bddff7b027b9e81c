import { makePki } from '@handfast/certificates/testing';
import { type AlertName, type MessageVersion, NamedGroup, type Reason, TlsError } from '@handfast/wire';
import { describe, expect, test } from 'vitest';
import { behaved } from '../../testing/habits.ts';
import { Loopback, type LoopbackOptions } from '../../testing/loopback.ts';
import { answering, failing, HeldPorts, intercepted, turn } from '../../testing/ports.ts';
import { Bout } from '../../testing/sparring-partner.ts';
import type { Ports, StepName } from '../index.ts';

const pki = await makePki();

const mutual = (maxVersion: MessageVersion) =>
  ({
    pki,
    clientCredentials: [pki.client],
    client: { maxVersion },
    server: { clientAuthentication: 'required' },
  }) as const satisfies LoopbackOptions;

/** Which operation is asked for the sake of which message. */
const asks = {
  tls12: {
    client: { offer: 'ClientHello', validate: 'Certificate', agree: 'ClientKeyExchange', sign: 'CertificateVerify' },
    server: { startServer: 'ServerKeyExchange', agree: 'ClientKeyExchange', validate: 'ClientKeyExchange' },
  },
  tls13: {
    client: { offer: 'ClientHello', agree: 'ServerHello', validate: 'Certificate', sign: 'CertificateVerify' },
    server: { respond: 'ServerHello', validate: 'Certificate' },
  },
} as const satisfies Record<MessageVersion, Record<'client' | 'server', Readonly<Record<string, StepName>>>>;

function portsOf(role: 'client' | 'server', wrap: (ports: Ports) => Ports) {
  return role === 'client' ? { clientPorts: wrap } : { serverPorts: wrap };
}

describe('ports that answer later', () => {
  /** Runs a handshake to its end; the operations that each round of answers was for. */
  async function roundsOf(role: 'client' | 'server', options: LoopbackOptions): Promise<readonly string[][]> {
    const ports = new HeldPorts();
    const loopback = new Loopback({ ...options, ...portsOf(role, ports.hold) }).run();
    const rounds: string[][] = [];
    while (ports.held.length > 0) {
      const round = ports.held.splice(0);
      rounds.push(round.map(({ operation }) => operation));
      for (const question of round) question.release();
      await turn();
      loopback.deliver();
    }
    expect(loopback.client.error ?? loopback.server.error).toBeUndefined();
    expect(loopback.client.opened !== undefined && loopback.server.opened !== undefined).toBe(true);
    return rounds;
  }

  test.for([
    ['tls13', 'server', [['respond'], ['blankTickets', 'validate']]],
    ['tls12', 'server', [['startServer'], ['agree', 'validate', 'blankTickets']]],
    ['tls13', 'client', [['offer', 'recall'], ['agree'], ['validate'], ['sign']]],
    ['tls12', 'client', [['offer', 'recall'], ['validate'], ['agree'], ['sign']]],
  ] as const)('are asked in as few rounds as the bus has hops for (%s %s)', async ([version, role, rounds]) => {
    expect(await roundsOf(role, mutual(version))).toEqual(rounds);
  });

  test('are asked once where a client presents no certificate, also after a retry', async () => {
    expect(await roundsOf('server', { pki })).toEqual([['respond'], ['blankTickets']]);
    const retried = { client: { groups: [NamedGroup.x25519, NamedGroup.secp384r1] }, server: { groups: [24] } };
    expect(await roundsOf('server', { pki, ...retried })).toEqual([['respond'], ['blankTickets']]);
    expect(await roundsOf('server', { pki, client: { maxVersion: 'tls12' } })).toEqual([
      ['startServer'],
      ['agree', 'blankTickets'],
    ]);
  });

  test.for(['tls12', 'tls13'] as const)('may do so on both sides at once (%s)', async (version) => {
    const later = (ports: Ports) => intercepted(ports, async ({ answer }) => answer());
    const loopback = await new Loopback({ ...mutual(version), clientPorts: later, serverPorts: later }).runLater();
    expect(loopback.client.opened !== undefined && loopback.server.opened !== undefined).toBe(true);
    loopback.client.connection.write(Uint8Array.of(65));
    loopback.deliver();
    expect(loopback.server.received).toBe('A');
  });

  test('keep a connection from reading more than it needs, and tell when it may go on', async () => {
    const ports = new HeldPorts();
    const { server } = new Loopback({ pki, serverPorts: ports.hold }).run();
    expect(server.connection.congested).toBe(false);
    server.connection.receive(new Uint8Array(128 * 1024 + 1));
    expect(server.connection.congested).toBe(true);
    ports.held[0]?.release();
    await turn();
    expect(server.connection.congested).toBe(false);
  });
});

describe('a peer that leaves while a port is asked', () => {
  test.for(['tls12', 'tls13'] as const)(
    'is noticed at once, and a late answer changes nothing (%s)',
    async (version) => {
      const ports = new HeldPorts();
      const { server } = new Loopback({ ...mutual(version), serverPorts: ports.hold }).run();
      server.connection.transportEnded();
      const [question] = ports.held;
      expect(question?.cancelled).toBe(true);
      expect(server.error).toMatchObject({ reason: 'peer-closed' });
      const { timeline } = server.connection;
      expect(timeline.failure).toMatchObject({ by: 'peer', alert: undefined });
      expect(timeline.steps.at(-1)?.asks).toMatchObject([{ operation: question?.operation, failure: 'cancelled' }]);
      const before = structuredClone({ ...timeline, steps: timeline.steps });
      question?.release();
      question?.context.report({ service: 'key-exchange', instance: 'late', operation: '', startedAt: 0, duration: 1 });
      await turn();
      expect(structuredClone({ ...timeline, steps: timeline.steps })).toEqual(before);
      expect(server.outbox).toEqual([]);
    },
  );

  test('is heard, if it said why', () => {
    const ports = new HeldPorts();
    const { server } = new Loopback({ pki, serverPorts: ports.hold }).run();
    server.connection.receive(Uint8Array.of(21, 3, 3, 0, 2, 2, 40));
    server.connection.transportEnded('ECONNRESET');
    expect(server.connection.timeline.failure).toMatchObject({ by: 'peer', alert: 'handshake_failure' });
  });

  test('is not blamed for records that we have no keys for yet', async () => {
    const ports = new HeldPorts();
    const loopback = new Loopback({ pki, client: { resumption: 'off' }, clientPorts: ports.hold }).run();
    ports.held.shift()?.release();
    await turn();
    loopback.deliver();
    expect(ports.held.map(({ operation }) => operation)).toEqual(['agree']);
    loopback.client.connection.transportEnded('ECONNRESET');
    expect(loopback.client.error).toMatchObject({ reason: 'connection-lost', step: 'ServerHello' });
  });

  test('is heard to the end, if it had more to say before it left', async () => {
    const ports = new HeldPorts();
    const loopback = new Loopback({
      ...mutual('tls13'),
      serverPorts: (real) => ({ ...real, certificates: ports.hold(real).certificates }),
    }).run();
    const { client, server } = loopback;
    client.connection.write(new TextEncoder().encode('last words'));
    client.connection.close();
    loopback.deliver();
    server.connection.transportEnded();
    expect(server.error).toBeUndefined();
    ports.held[0]?.release();
    await turn();
    expect(server).toMatchObject({ error: undefined, received: 'last words', peerClosed: true });
    expect(server.connection.timeline.state).toBe('confirmed');
  });

  test('does not let a late failure escape', async () => {
    const ports = new HeldPorts();
    const { server } = new Loopback({ pki, serverPorts: ports.hold }).run();
    server.connection.abort(new TlsError('handshake-timeout', 'too late'));
    ports.held[0]?.refuse(new Error('nobody is there'));
    await turn();
    expect(server.error).toMatchObject({ reason: 'handshake-timeout', step: 'ServerHello' });
  });
});

describe.for(['tls12', 'tls13'] as const)('%s', (version) => {
  describe.for(['client', 'server'] as const)('a %s whose port', (role) => {
    const operations = Object.entries(asks[version][role]);
    const reasons = ['service-unavailable', 'service-timeout', 'service-busy', 'service-reply-invalid'] as const;
    const failures = operations.flatMap(([operation, step]) =>
      [...reasons, 'service-failed' as const].map((reason) => ({ operation, step, reason })),
    );

    test.for(failures)('fails in $operation with $reason says so, and sends internal_error', async (failure) => {
      const { operation, step, reason } = failure;
      for (const when of ['at once', 'later'] as const) {
        const options = { ...mutual(version), ...portsOf(role, failing(operation, new TlsError(reason, 'no'), when)) };
        const bout = new Bout(role, options, behaved).run();
        await turn();
        bout.deliver();
        const expected = { reason, alert: 'internal_error', step };
        expect(bout.subject.error).toMatchObject(expected);
        const { timeline } = bout.subject.connection;
        expect(timeline.failure).toMatchObject({ ...expected, by: 'us' });
        const ask = timeline.steps.flatMap((each) => each.asks).find((each) => each.operation === operation);
        expect(ask?.failure).toBe(reason);
        expect(bout.subject.opened).toBeUndefined();
        if (operation !== 'offer') expect(bout.partner.alerts).toEqual(['internal_error']);
      }
    });

    test.for(operations)('breaks in %s fails the handshake alone', ([operation, step]) => {
      const options = { ...mutual(version), ...portsOf(role, failing(operation, new Error('a bug'), 'at once')) };
      const { subject } = new Bout(role, options, behaved).run();
      expect(subject.error).toMatchObject({ reason: 'internal-error', alert: 'internal_error', step });
    });

    test.for(operations)('answers %s with nothing does not get past it', ([operation]) => {
      const nothing = (ports: Ports) =>
        intercepted(ports, (question) => (question.operation === operation ? undefined : question.answer()));
      const { subject } = new Bout(role, { ...mutual(version), ...portsOf(role, nothing) }, behaved).run();
      expect(subject.error).toMatchObject({ alert: 'internal_error' });
      expect(subject.opened).toBeUndefined();
    });

    test.for(operations)('says in %s that the peer has left is not believed', ([operation, step]) => {
      const lie = failing(operation, new TlsError('peer-alert', 'the peer refused'), 'at once');
      const { subject } = new Bout(role, { ...mutual(version), ...portsOf(role, lie) }, behaved).run();
      const expected = { reason: 'service-reply-invalid', alert: 'internal_error', step };
      expect(subject.connection.timeline.failure).toMatchObject({ ...expected, by: 'us' });
    });
  });
});

test('who asks to be told when nobody waits any more is told at once, if it is so already', async () => {
  const ports = new HeldPorts();
  const { server } = new Loopback({ pki, serverPorts: ports.hold }).run();
  server.connection.transportEnded();
  let told = false;
  ports.held[0]?.context.onCancel(() => {
    told = true;
  });
  expect(told).toBe(true);
});

describe('two questions at once, of which one fails', () => {
  test.for([
    ['agree', 'validate'],
    ['validate', 'agree'],
  ] as const)('(%s): the other is cancelled', async ([failed, other]) => {
    const ports = new HeldPorts();
    const loopback = new Loopback({ ...mutual('tls12'), serverPorts: ports.hold }).run();
    ports.held.shift()?.release();
    await turn();
    loopback.deliver();
    ports.held.find(({ operation }) => operation === failed)?.refuse(new TlsError('service-timeout', 'no answer'));
    await turn();
    const { server } = loopback;
    expect(server.error).toMatchObject({ reason: 'service-timeout', step: 'ClientKeyExchange' });
    const rest = ports.held.find(({ operation }) => operation === other);
    expect(rest?.cancelled).toBe(true);
    const records = server.connection.timeline.steps.at(-1)?.asks ?? [];
    expect(Object.fromEntries(records.map(({ operation, failure }) => [operation, failure]))).toEqual({
      [failed]: 'service-timeout',
      [other]: 'cancelled',
      blankTickets: 'cancelled',
    });
    rest?.refuse(new Error('too late to matter'));
    await turn();
    expect(server.error).toMatchObject({ reason: 'service-timeout' });
  });

  test('at once, while the first is under way: the first is cancelled, and its failure does not escape', async () => {
    const ports = new HeldPorts();
    const mixed = (real: Ports): Ports => ({
      keyExchange: ports.hold(real).keyExchange,
      certificates: failing('validate', new Error('a bug'), 'at once')(real).certificates,
      sessions: real.sessions,
    });
    const loopback = new Loopback({ ...mutual('tls12'), serverPorts: mixed }).run();
    ports.held.shift()?.release();
    await turn();
    loopback.deliver();
    expect(loopback.server.error).toMatchObject({ reason: 'internal-error', step: 'ClientKeyExchange' });
    const [agree] = ports.held;
    expect(agree).toMatchObject({ operation: 'agree', cancelled: true });
    agree?.refuse(new TlsError('invalid-key-share', 'of no use to anybody'));
    await turn();
  });

  test('a verdict counts, whatever comes first', async () => {
    const ports = new HeldPorts();
    const selfSigned = { ...mutual('tls12'), clientCredentials: [pki.selfSigned] };
    const loopback = new Loopback({ ...selfSigned, serverPorts: ports.hold }).run();
    ports.held.shift()?.release();
    await turn();
    loopback.deliver();
    const [agree, validate, blankTickets] = ports.held;
    agree?.release();
    blankTickets?.release();
    await turn();
    expect(loopback.server.error).toBeUndefined();
    validate?.release();
    await turn();
    expect(loopback.server.error?.reason).toMatch(/^certificate-/);
    expect(loopback.server.opened).toBeUndefined();
  });
});

describe('a service that answers wrongly', () => {
  type Row = readonly [
    answer: string,
    version: MessageVersion,
    role: 'client' | 'server',
    wrap: (ports: Ports) => Ports,
  ];
  const shorter = (bytes: Uint8Array) => bytes.subarray(1);
  const longer = (bytes: Uint8Array) => Uint8Array.of(...bytes, 0);
  interface Answers {
    readonly share: Uint8Array;
    readonly secret: Uint8Array;
    readonly signature: Uint8Array;
    readonly shares: readonly { readonly group: number; readonly share: Uint8Array }[];
  }
  const share = (operation: string, change: (bytes: Uint8Array) => Uint8Array) =>
    answering(operation, (answer: Answers) => ({ share: change(answer.share) }));
  const secret = (operation: string, change: (bytes: Uint8Array) => Uint8Array) =>
    answering(operation, (answer: Answers) => ({ secret: change(answer.secret) }));

  test.for<Row>([
    ['a share that is too short', 'tls13', 'server', share('respond', shorter)],
    ['a share that is too long', 'tls13', 'server', share('respond', longer)],
    ['a secret that is too short', 'tls13', 'server', secret('respond', shorter)],
    ['no secret', 'tls13', 'server', secret('respond', () => new Uint8Array(0))],
    ['a share that is too short', 'tls12', 'server', share('startServer', shorter)],
    ['a share that is too long', 'tls12', 'server', share('startServer', () => new Uint8Array(300))],
    ['a master secret that is too short', 'tls12', 'server', secret('agree', shorter)],
    ['a master secret that is too long', 'tls12', 'client', secret('agree', longer)],
    ['a secret that is too long', 'tls13', 'client', secret('agree', longer)],
    ['no shares', 'tls13', 'client', answering('offer', () => ({ shares: [] }))],
    [
      'a share for another group',
      'tls13',
      'client',
      answering('offer', ({ shares }: Answers) => ({ shares: shares.map((each) => ({ ...each, group: 23 })) })),
    ],
  ])('with %s (%s %s) is found out', ([, version, role, wrap]) => {
    const { subject } = new Bout(role, { ...mutual(version), ...portsOf(role, wrap) }, behaved).run();
    expect(subject.error).toMatchObject({ reason: 'service-reply-invalid', alert: 'internal_error' });
  });

  const flip = (bytes: Uint8Array) => bytes.with(-1, (bytes.at(-1) ?? 0) ^ 1);
  const signature = (operation: string) =>
    answering(operation, (answer: Answers) => ({ signature: flip(answer.signature) }));
  type Told = readonly [...Row, reason: Reason, alert: AlertName, step: StepName];

  test.for<Told>([
    [
      'with a wrong signature',
      'tls13',
      'server',
      signature('respond'),
      'signature-invalid',
      'decrypt_error',
      'CertificateVerify',
    ],
    [
      'with a wrong signature',
      'tls12',
      'server',
      signature('startServer'),
      'signature-invalid',
      'decrypt_error',
      'ServerKeyExchange',
    ],
    [
      'with a wrong signature',
      'tls13',
      'client',
      signature('sign'),
      'signature-invalid',
      'decrypt_error',
      'CertificateVerify',
    ],
    [
      'with a wrong signature',
      'tls12',
      'client',
      signature('sign'),
      'signature-invalid',
      'decrypt_error',
      'CertificateVerify',
    ],
    [
      'with a wrong secret',
      'tls13',
      'server',
      secret('respond', flip),
      'record-authentication-failed',
      'bad_record_mac',
      'EncryptedExtensions',
    ],
    [
      'with a wrong secret',
      'tls12',
      'client',
      secret('agree', flip),
      'record-authentication-failed',
      'bad_record_mac',
      'Finished',
    ],
  ])('%s (%s %s) is refused by the peer', ([, version, role, wrap, reason, alert, step]) => {
    const loopback = new Loopback({ ...mutual(version), ...portsOf(role, wrap) }).run();
    const peer = role === 'client' ? loopback.server : loopback.client;
    expect(peer.error).toMatchObject({ reason, alert, step });
    expect(peer.opened).toBeUndefined();
  });

  test('with a verdict on another chain cannot replace the key that must have signed', () => {
    // It trusts whatever it is shown; the signature is checked with the key that the peer showed all the same.
    const trusting = answering('validate', () => ({
      trusted: true,
      path: [pki.root.der],
      identity: { subject: 'CN=anybody' },
    }));
    const forged = answering('respond', (answer: Answers) => ({ signature: flip(answer.signature) }));
    const { client } = new Loopback({ pki, clientPorts: trusting, serverPorts: forged }).run();
    expect(client.error).toMatchObject({ reason: 'signature-invalid' });
  });
});

test('each question has an identity and a deadline of its own', () => {
  const ids: string[] = [];
  const deadlines: number[] = [];
  const noting = (ports: Ports) =>
    intercepted(ports, ({ context, answer }) => {
      ids.push(context.id);
      deadlines.push(context.deadline);
      expect(context.traceId.length).toBe(16);
      return answer();
    });
  const { server } = new Loopback({ ...mutual('tls12'), serverPorts: noting }).run();
  expect(new Set(ids).size).toBe(4);
  expect(deadlines.every((deadline) => deadline > server.connection.timeline.startedAt + 999)).toBe(true);
});

test('a chain is judged by the date, not by the clock that measures', () => {
  const expired = new Loopback({ pki, date: () => Date.UTC(2051, 0, 1) }).run();
  expect(expired.client.error?.reason).toBe('certificate-expired');
  expect(expired.client.connection.timeline.startedAt).toBeLessThan(Date.UTC(2051, 0, 1));
});
