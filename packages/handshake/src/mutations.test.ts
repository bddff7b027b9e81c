import { makePki } from '@handfast/certificates/testing';
import { type MessageVersion, NamedGroup, TlsError } from '@handfast/wire';
import fc, { type Arbitrary } from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type End, Loopback, type LoopbackOptions } from '../testing/loopback.ts';
import { type Act, Bout, type Habit } from '../testing/sparring-partner.ts';
import type { OpenConnection } from './index.ts';

const pki = await makePki();
const numRuns = 100;

const mutual = (maxVersion: MessageVersion, groups: readonly number[]): LoopbackOptions => ({
  pki,
  clientCredentials: [pki.client],
  client: { maxVersion, groups: [NamedGroup.x25519, NamedGroup.secp256r1], applicationProtocols: ['h2', 'http/1.1'] },
  server: { clientAuthentication: 'optional', groups, applicationProtocols: ['http/1.1'] },
});

const kinds = [
  ['TLS 1.2', mutual('tls12', [NamedGroup.x25519])],
  ['TLS 1.3', mutual('tls13', [NamedGroup.x25519])],
  ['TLS 1.3 with a retry', mutual('tls13', [NamedGroup.secp256r1])],
] as const;

/** What is done to a string of bytes. Places are parts of its length. */
type Mutation =
  | { readonly kind: 'flip'; readonly at: number; readonly bit: number }
  | { readonly kind: 'cut'; readonly at: number; readonly length: number }
  | { readonly kind: 'splice'; readonly at: number; readonly bytes: Uint8Array }
  | { readonly kind: 'overwrite'; readonly at: number; readonly bytes: Uint8Array };

const place = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
// Headers are where the mistakes are: half of all places are among the first bytes.
const anyPlace = fc.oneof(place, fc.double({ min: 0, max: 0.05, maxExcluded: true, noNaN: true }));
const mutation: Arbitrary<Mutation> = fc.oneof(
  fc.record({ kind: fc.constant('flip' as const), at: anyPlace, bit: fc.nat(7) }),
  fc.record({ kind: fc.constant('cut' as const), at: anyPlace, length: fc.integer({ min: 1, max: 40 }) }),
  fc.record({
    kind: fc.constant('splice' as const),
    at: anyPlace,
    bytes: fc.uint8Array({ minLength: 1, maxLength: 40 }),
  }),
  fc.record({
    kind: fc.constant('overwrite' as const),
    at: anyPlace,
    bytes: fc.uint8Array({ minLength: 1, maxLength: 8 }),
  }),
);

function mutated(bytes: Uint8Array, change: Mutation): Uint8Array {
  const at = Math.floor(change.at * bytes.length);
  switch (change.kind) {
    case 'flip':
      return bytes.map((byte, index) => (index === at ? byte ^ (1 << change.bit) : byte));
    case 'cut':
      return Uint8Array.of(...bytes.subarray(0, at), ...bytes.subarray(at + change.length));
    case 'splice':
      return Uint8Array.of(...bytes.subarray(0, at), ...change.bytes, ...bytes.subarray(at));
    case 'overwrite': {
      const copy = bytes.slice();
      copy.set(change.bytes.subarray(0, bytes.length - at), at);
      return copy;
    }
  }
}

/** What is done to a flight: to its bytes, or to the order of its records. */
type Disturbance =
  | { readonly kind: 'bytes'; readonly change: Mutation }
  | { readonly kind: 'repeat' | 'drop'; readonly record: number }
  | { readonly kind: 'swap'; readonly record: number; readonly other: number };

const disturbance: Arbitrary<Disturbance> = fc.oneof(
  fc.record({ kind: fc.constant('bytes' as const), change: mutation }),
  fc.record({ kind: fc.constantFrom('repeat' as const, 'drop' as const), record: fc.nat(6) }),
  fc.record({ kind: fc.constant('swap' as const), record: fc.nat(6), other: fc.nat(6) }),
);

function disturbed(flight: Uint8Array, change: Disturbance): Uint8Array {
  if (change.kind === 'bytes') return mutated(flight, change.change);
  const records = recordsOf(flight);
  const at = change.record % records.length;
  const record = records[at] ?? new Uint8Array(0);
  if (change.kind === 'swap') {
    const other = change.other % records.length;
    records[at] = records[other] ?? record;
    records[other] = record;
  } else if (change.kind === 'repeat') records.splice(at, 0, record);
  else records.splice(at, 1);
  return Uint8Array.of(...records.flatMap((each) => [...each]));
}

function recordsOf(flight: Uint8Array): Uint8Array[] {
  const records: Uint8Array[] = [];
  for (let at = 0; at < flight.length; ) {
    const length = 5 + (((flight[at + 3] ?? 0) << 8) | (flight[at + 4] ?? 0));
    records.push(flight.subarray(at, at + length));
    at += length;
  }
  return records;
}

function chunked(bytes: Uint8Array, size: number): readonly Uint8Array[] {
  const chunks: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += size) chunks.push(bytes.slice(at, at + size));
  return chunks;
}

/** Whatever has come of a handshake, it ends; and where both ends are open, they agree. */
function expectSettled(ends: readonly End[], both: readonly (OpenConnection | undefined)[]): void {
  for (const end of ends) {
    expect(end.error === undefined || end.error instanceof TlsError).toBe(true);
    // Bugs of ours would come out as this.
    expect(end.error?.reason).not.toBe('internal-error');
    end.connection.transportEnded();
    expect(end.error !== undefined || end.peerClosed).toBe(true);
    expect(end.connection.timeline.endedAt).toBeDefined();
    if (end.opened === undefined) expect(end.connection.timeline.state).toBe('failed');
  }
  const [one, other] = both.map((open) => open?.exportKeyingMaterial('EXPERIMENTAL both', new Uint8Array(0), 32));
  if (one !== undefined && other !== undefined) expect(one).toEqual(other);
}

describe.for(kinds)('%s', ([, options]) => {
  test('no change of bytes on the way breaks more than the connection', () => {
    const changes = fc.array(
      fc.record({ from: fc.constantFrom('client', 'server'), flight: fc.nat(2), change: disturbance }),
      { maxLength: 3 },
    );
    fc.assert(
      fc.property(changes, fc.integer({ min: 1, max: 3000 }), (planned, chunkSize) => {
        const flights = { client: 0, server: 0 };
        const loopback = new Loopback({
          ...options,
          carry: (bytes, from) => {
            const flight = flights[from];
            flights[from] += 1;
            const changed = planned
              .filter((each) => each.from === from && each.flight === flight)
              .reduce((so, { change }) => disturbed(so, change), bytes);
            return chunked(changed, chunkSize);
          },
        }).run();
        if (planned.length === 0) expect(loopback.client.opened !== undefined).toBe(true);
        const { client, server } = loopback;
        expectSettled([client, server], [client.opened, server.opened]);
      }),
      { numRuns: 2 * numRuns },
    );
  });

  test.for(['client', 'server'] as const)('no message of a peer breaks more than the connection of a %s', (subject) => {
    const act = fc.oneof(
      fc.record({ kind: fc.constant('mutate' as const), change: mutation, fixLength: fc.boolean() }),
      fc.record({ kind: fc.constantFrom('repeat' as const, 'drop' as const) }),
      fc.record({
        kind: fc.constant('insert' as const),
        type: fc.constantFrom(0, 1, 2, 4, 5, 8, 11, 12, 13, 14, 15, 16, 20, 22, 24, 25, 254),
        body: fc.uint8Array({ maxLength: 60 }),
      }),
      fc.record({
        kind: fc.constant('record' as const),
        type: fc.constantFrom('alert' as const, 'handshake' as const),
        fragment: fc.uint8Array({ minLength: 1, maxLength: 20 }),
      }),
    );
    const plans = fc.array(fc.record({ message: fc.nat(6), act }), { minLength: 1, maxLength: 2 });
    fc.assert(
      fc.property(plans, (planned) => {
        let sent = 0;
        const habit: Habit = (effect) => {
          if (effect.kind !== 'send') return [effect];
          const mine = planned.filter(({ message }) => message === sent);
          sent += 1;
          return mine.reduce<readonly Act[]>((acts, { act }) => acts.flatMap((each) => applied(each, act)), [effect]);
        };
        const bout = new Bout(subject, options, habit).run();
        expectSettled([bout.subject], [bout.subject.opened, bout.partner.opened]);
      }),
      { numRuns },
    );
  });
});

type Misdeed =
  | { readonly kind: 'mutate'; readonly change: Mutation; readonly fixLength: boolean }
  | { readonly kind: 'repeat' | 'drop' }
  | { readonly kind: 'insert'; readonly type: number; readonly body: Uint8Array }
  | { readonly kind: 'record'; readonly type: 'alert' | 'handshake'; readonly fragment: Uint8Array };

function applied(act: Act, misdeed: Misdeed): readonly Act[] {
  if (act.kind !== 'send') return [act];
  switch (misdeed.kind) {
    case 'mutate':
      return [{ ...act, bytes: changedMessage(act.bytes, misdeed) }];
    case 'repeat':
      return [act, act];
    case 'drop':
      return [];
    case 'insert':
      return [{ ...act, bytes: message(misdeed.type, misdeed.body) }, act];
    case 'record':
      return [misdeed, act];
  }
}

/** With the length in the header kept true, what is wrong lies deeper. */
function changedMessage(bytes: Uint8Array, { change, fixLength }: Extract<Misdeed, { kind: 'mutate' }>): Uint8Array {
  if (!fixLength) return mutated(bytes, change);
  return message(bytes[0] ?? 0, mutated(bytes.subarray(4), change));
}

function message(type: number, body: Uint8Array): Uint8Array {
  return Uint8Array.of(type, body.length >> 16, body.length >> 8, body.length, ...body);
}
