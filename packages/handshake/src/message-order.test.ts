import { makePki } from '@handfast/certificates/testing';
import type { AlertName, MessageVersion, Reason } from '@handfast/wire';
import { describe, expect, test } from 'vitest';
import { acquainted } from '../testing/acquainted.ts';
import { before, behaved, edited, flipped, late, repeating, withBody, without } from '../testing/habits.ts';
import { Bout, type Habit } from '../testing/sparring-partner.ts';
import type { StepName } from './index.ts';

const pki = await makePki();

type Sender = 'client' | 'server';

interface Scenario {
  readonly version: MessageVersion;
  readonly flights: Readonly<Record<Sender, readonly StepName[]>>;
  /** Whose Finished is the last message. */
  readonly last: Sender;
  readonly resumed?: true;
}

/** Every message of handshakes with client authentication, and of those that resume their sessions. */
const scenarios = {
  tls12: {
    version: 'tls12',
    last: 'server',
    flights: {
      server: [
        'ServerHello',
        'Certificate',
        'ServerKeyExchange',
        'CertificateRequest',
        'ServerHelloDone',
        'NewSessionTicket',
        'ChangeCipherSpec',
        'Finished',
      ],
      client: ['ClientHello', 'Certificate', 'ClientKeyExchange', 'CertificateVerify', 'ChangeCipherSpec', 'Finished'],
    },
  },
  'tls12 resumed': {
    version: 'tls12',
    last: 'client',
    resumed: true,
    flights: {
      server: ['ServerHello', 'NewSessionTicket', 'ChangeCipherSpec', 'Finished'],
      client: ['ClientHello', 'ChangeCipherSpec', 'Finished'],
    },
  },
  tls13: {
    version: 'tls13',
    last: 'client',
    flights: {
      server: [
        'ServerHello',
        'EncryptedExtensions',
        'CertificateRequest',
        'Certificate',
        'CertificateVerify',
        'Finished',
      ],
      client: ['ClientHello', 'Certificate', 'CertificateVerify', 'Finished'],
    },
  },
} as const satisfies Record<string, Scenario>;

const names = Object.keys(scenarios) as readonly (keyof typeof scenarios)[];

interface Refusal {
  readonly reason: Reason;
  readonly alert: AlertName;
  readonly step: StepName;
}

const outOfTurn = (step: StepName): Refusal => ({ reason: 'unexpected-message', alert: 'unexpected_message', step });

/** So long ago that a ticket from then is due for renewal. */
const longAgo = () => Date.now() - 4_000_000;

function boutOf({ version, resumed }: Scenario, sender: Sender, habit: Habit): Bout {
  const options = {
    pki,
    clientCredentials: [pki.client],
    client: { maxVersion: version },
    server: { clientAuthentication: 'required' },
  } as const;
  const again = resumed ? acquainted(options, { date: longAgo }) : options;
  return new Bout(sender === 'client' ? 'server' : 'client', again, habit).run();
}

function expectRefused({ subject, partner }: Bout, refusal: Refusal): void {
  expect(subject.error).toMatchObject(refusal);
  expect(subject.connection.timeline).toMatchObject({ state: 'failed', failure: { ...refusal, by: 'us' } });
  expect(partner.alerts).toEqual([refusal.alert]);
}

/** The connection waits on, and says so when the peer gives up. */
function expectWaiting({ subject }: Bout, due: StepName): void {
  expect(subject.error).toBeUndefined();
  expect(subject.opened).toBeUndefined();
  subject.connection.transportEnded();
  const refusal = { reason: 'peer-closed', by: 'peer', alert: undefined, step: due };
  expect(subject.connection.timeline.failure).toMatchObject(refusal);
}

describe.for(names)('%s', (scenario) => {
  const { version, flights, last, resumed }: Scenario = scenarios[scenario];
  const bout = (sender: Sender, habit: Habit) => boutOf(scenarios[scenario], sender, habit);
  describe.for(['client', 'server'] as const)('a %s that', (sender) => {
    const flight = flights[sender];
    const id = (name: StepName) => `${scenario} ${sender} ${name}`;
    const messages = flight.filter((name) => name !== 'ChangeCipherSpec');
    /** What the other side is waiting for when that message comes. */
    const due = (name: StepName): StepName => {
      if (name !== 'CertificateRequest') return name;
      return version === 'tls13' ? 'Certificate' : 'ServerHelloDone';
    };

    test('behaves is content', () => {
      const { subject, partner } = bout(sender, behaved);
      expect(subject.error).toBeUndefined();
      expect(subject.opened !== undefined && partner.opened !== undefined).toBe(true);
    });

    test.for(flight)('leaves out %s', (name) => {
      const round = bout(sender, without(name));
      expect(round.subject.opened).toBeUndefined();
      const waiting = ['ClientHello', 'ServerHelloDone', 'Finished'].includes(name);
      if (waiting) return expectWaiting(round, name);
      // The client sends no certificate, and the server waits for one.
      if (id(name) === 'tls12 server CertificateRequest') return expectWaiting(round, 'NewSessionTicket');
      const next = flight[flight.indexOf(name) + 1] ?? name;
      const special: Readonly<Record<string, Refusal>> = {
        'tls12 server ChangeCipherSpec': outOfTurn('ChangeCipherSpec'),
        'tls12 client ChangeCipherSpec': outOfTurn('ChangeCipherSpec'),
        'tls12 resumed server ChangeCipherSpec': outOfTurn('ChangeCipherSpec'),
        'tls12 resumed client ChangeCipherSpec': outOfTurn('ChangeCipherSpec'),
        'tls13 server ServerHello': {
          reason: 'unexpected-record',
          alert: 'unexpected_message',
          step: 'ServerHello',
        },
        'tls13 server CertificateRequest': {
          reason: 'signature-invalid',
          alert: 'decrypt_error',
          step: 'CertificateVerify',
        },
      };
      expectRefused(round, special[id(name)] ?? outOfTurn(next));
    });

    test.for(flight)('sends %s twice', (name) => {
      const round = bout(sender, repeating(name));
      const special: Readonly<Record<string, Refusal>> = {
        'tls12 client CertificateVerify': outOfTurn('ChangeCipherSpec'),
        'tls12 server NewSessionTicket': outOfTurn('ChangeCipherSpec'),
        'tls12 resumed server NewSessionTicket': outOfTurn('ChangeCipherSpec'),
        // What is left over is noticed when the answer begins.
        'tls13 client ClientHello': outOfTurn('ServerHello'),
      };
      if (name === 'ChangeCipherSpec') {
        // The second one should be under the new keys.
        const refusal = { reason: 'record-authentication-failed', alert: 'bad_record_mac', step: 'Finished' } as const;
        expectRefused(round, refusal);
      } else expectRefused(round, special[id(name)] ?? outOfTurn(name));
      // The last Finished is the end of the handshake, whatever follows.
      expect(round.subject.opened !== undefined).toBe(version === 'tls12' && sender === last && name === 'Finished');
    });

    const atEndOfKeys = ['ClientHello', 'ServerHelloDone', 'ChangeCipherSpec', 'Finished'];
    test.for(flight.filter((name) => !atEndOfKeys.includes(name) && id(name) !== 'tls13 server ServerHello'))(
      'sends %s only after the message that follows it',
      (name) => {
        const round = bout(sender, late(name));
        expect(round.subject.opened).toBeUndefined();
        const next = flight[flight.indexOf(name) + 1] ?? name;
        const special: Readonly<Record<string, StepName>> = {
          // It is optional, so the one that follows is taken for the one that is due.
          'tls12 server CertificateRequest': 'ServerHelloDone',
          'tls13 server CertificateRequest': 'CertificateRequest',
        };
        const refusal = outOfTurn(special[id(name)] ?? next);
        expect(round.subject.error).toMatchObject(refusal);
      },
    );

    test.for(messages.filter((name) => name !== 'ServerHelloDone'))('cuts off the end of %s', (name) => {
      const round = bout(
        sender,
        edited(name, (bytes) => withBody(bytes, bytes.subarray(4, -1))),
      );
      expect(round.subject.opened).toBeUndefined();
      expectRefused(round, { reason: 'malformed-message', alert: 'decode_error', step: name });
    });

    test.for(messages.filter((name) => name !== 'ServerHelloDone'))('sends %s without a body', (name) => {
      const round = bout(
        sender,
        edited(name, (bytes) => withBody(bytes, new Uint8Array(0))),
      );
      expect(round.subject.opened).toBeUndefined();
      expectRefused(round, { reason: 'malformed-message', alert: 'decode_error', step: name });
    });

    test.for(messages)('adds a byte to %s', (name) => {
      const round = bout(
        sender,
        edited(name, (bytes) => withBody(bytes, Uint8Array.of(...bytes.subarray(4), 0))),
      );
      expect(round.subject.opened).toBeUndefined();
      const reason = name === 'Finished' ? 'malformed-message' : 'trailing-data';
      expectRefused(round, { reason, alert: 'decode_error', step: name });
    });

    test('sends a wrong Finished', () => {
      const round = bout(
        sender,
        edited('Finished', (bytes) => flipped(bytes, -1)),
      );
      expect(round.subject.opened).toBeUndefined();
      expectRefused(round, { reason: 'finished-mismatch', alert: 'decrypt_error', step: 'Finished' });
    });

    test.skipIf(resumed)('signs something else', () => {
      const signed = version === 'tls12' && sender === 'server' ? 'ServerKeyExchange' : 'CertificateVerify';
      const round = bout(
        sender,
        edited(signed, (bytes) => flipped(bytes, -1)),
      );
      expect(round.subject.opened).toBeUndefined();
      expectRefused(round, { reason: 'signature-invalid', alert: 'decrypt_error', step: signed });
    });

    test('sends a Finished for another hash', () => {
      const round = bout(
        sender,
        edited('Finished', (bytes) => withBody(bytes, new Uint8Array(48))),
      );
      expect(round.subject.opened).toBeUndefined();
      expectRefused(round, { reason: 'malformed-message', alert: 'decode_error', step: 'Finished' });
    });

    test.for(messages)('announces a %s of 16 MiB', (name) => {
      const round = bout(
        sender,
        edited(name, (bytes) => Uint8Array.of(bytes[0] ?? 0, 0xff, 0xff, 0xff, ...bytes.subarray(4))),
      );
      expect(round.subject.opened).toBeUndefined();
      expectRefused(round, { reason: 'message-too-long', alert: 'illegal_parameter', step: due(name) });
    });

    test.for(flight)('puts a message of an unknown type before %s', (name) => {
      const round = bout(
        sender,
        before(name, { kind: 'record', type: 'handshake', fragment: Uint8Array.of(99, 0, 0, 1, 0) }),
      );
      expect(round.subject.opened).toBeUndefined();
      expectRefused(round, outOfTurn(due(name)));
      // It has no name, and so is no step.
      expect(round.subject.connection.timeline.steps.map((step) => step.name)).not.toContain(undefined);
    });

    test.for(flight)('puts application data in the clear before %s', (name) => {
      const round = bout(sender, before(name, { kind: 'raw', bytes: Uint8Array.of(23, 3, 3, 0, 1, 0) }));
      expect(round.subject.opened).toBeUndefined();
      const keys = version === 'tls12' ? name === 'Finished' : name !== 'ClientHello' && name !== 'ServerHello';
      const refusal: Refusal = keys
        ? { reason: 'record-authentication-failed', alert: 'bad_record_mac', step: due(name) }
        : { reason: 'unexpected-record', alert: 'unexpected_message', step: due(name) };
      expectRefused(round, refusal);
    });

    test.for(version === 'tls12' ? (['Finished'] as const) : flight.slice(1))(
      'puts application data under its keys before %s',
      (name) => {
        const round = bout(
          sender,
          before(name, { kind: 'record', type: 'application_data', fragment: Uint8Array.of(1) }),
        );
        expect(round.subject.opened).toBeUndefined();
        expectRefused(round, { reason: 'unexpected-record', alert: 'unexpected_message', step: due(name) });
      },
    );

    test.for(messages)('puts an alert between the two halves of %s', (name) => {
      const halves: Habit = (effect) => {
        if (effect.kind !== 'send' || effect.name !== name) return [effect];
        const half = effect.bytes.length >> 1;
        return [
          { kind: 'record', type: 'handshake', fragment: effect.bytes.subarray(0, half) },
          { kind: 'record', type: 'alert', fragment: Uint8Array.of(1, 90) },
          { kind: 'record', type: 'handshake', fragment: effect.bytes.subarray(half) },
        ];
      };
      const round = bout(sender, halves);
      expect(round.subject.opened).toBeUndefined();
      expectRefused(round, { reason: 'interleaved-message', alert: 'unexpected_message', step: due(name) });
    });
  });
});
