import { nativeCrypto as crypto } from '@handfast/crypto/native';
import { concat } from '@handfast/wire';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { BlankTicket } from './port.ts';
import { fillTicket, maximumTicketLength, openTicket } from './ticket.ts';
import { TicketKeys, type TicketKeysOptions, wrappedKeyLength } from './ticket-keys.ts';

const secret = new Uint8Array(32).fill(3);
const begun = 1_700_000_000_000;
const second = 1_000;

/** The ticket keys of a replica. */
function replica(options: Partial<TicketKeysOptions> = {}): TicketKeys {
  return new TicketKeys({ crypto, now: () => begun, secret, lifetime: 7_200, rotation: 3_600, ...options });
}

function blank(keys: TicketKeys): BlankTicket {
  return { ...keys.make(), lifetime: keys.lifetime };
}

function ticketOf(keys: TicketKeys, state: Uint8Array): Uint8Array {
  return fillTicket(crypto, blank(keys), state);
}

function open(keys: TicketKeys, ticket: Uint8Array): Uint8Array | undefined {
  return openTicket(crypto, (wrappedKey) => keys.unwrap(wrappedKey), ticket);
}

describe('a ticket', () => {
  const keys = replica();
  const state = crypto.randomBytes(100);
  const ticket = ticketOf(keys, state);

  it('gives back the state that it was filled with', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 3_000 }), (content) => {
        expect(open(keys, ticketOf(keys, content))).toEqual(content);
      }),
    );
  });

  it('is 71 bytes longer than its state', () => {
    expect(ticket.length).toBe(state.length + 71);
  });

  it('shows nothing of its state, nor of its key', () => {
    const text = new TextEncoder().encode('CN=the client,O=Example');
    const filled = blank(keys);
    const sealed = Buffer.from(fillTicket(crypto, filled, text));
    for (let at = 0; at + 8 <= text.length; at++) expect(sealed.includes(text.subarray(at, at + 8))).toBe(false);
    for (let at = 0; at + 8 <= 32; at++) expect(sealed.includes(filled.key.subarray(at, at + 8))).toBe(false);
  });

  it('of the same state is another one each time', () => {
    const shared = sharedBytes(ticketOf(keys, state), ticketOf(keys, state));
    // Version and key name are the same; of 32 + 6 + 116 random bytes hardly any.
    expect(shared).toBeLessThan(17 + 20);
  });

  it('does not show when it was made', () => {
    const shared = Array.from({ length: 100 }, () => sharedBytes(expiryIn(keys.make()), expiryIn(keys.make())));
    // All of them expire at the same time; of 600 random bytes some two or three are the same.
    expect(shared.reduce((sum, count) => sum + count)).toBeLessThan(30);
  });

  it('does not open where one bit of it differs', () => {
    fc.assert(
      fc.property(fc.nat({ max: ticket.length - 1 }), fc.nat({ max: 7 }), (at, bit) => {
        const altered = ticket.slice();
        altered[at] = (altered[at] ?? 0) ^ (1 << bit);
        expect(open(keys, altered)).toBeUndefined();
      }),
      { numRuns: 500 },
    );
  });

  it('does not open where bytes are missing or too many', () => {
    for (let length = 0; length < ticket.length; length++) {
      expect(open(keys, ticket.subarray(0, length))).toBeUndefined();
    }
    expect(open(keys, concat(ticket, Uint8Array.of(0)))).toBeUndefined();
  });

  it('does not open with the wrapped key of another', () => {
    const other = ticketOf(keys, state);
    const mixed = concat(other.subarray(0, wrappedKeyLength), ticket.subarray(wrappedKeyLength));
    expect(open(keys, mixed)).toBeUndefined();
  });

  it('does not open under another secret, even where that gives its keys the same names', () => {
    const foreign = replica({ secret: new Uint8Array(32).fill(4) });
    expect(open(foreign, ticket)).toBeUndefined();
    const renamed = ticket.slice();
    renamed.set(ticketOf(foreign, state).subarray(0, 17));
    expect(open(foreign, renamed)).toBeUndefined();
  });

  it('is arbitrary bytes to whoever did not make it: they open as nothing', () => {
    const named = ticket.subarray(0, 17);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (input) => {
        expect(open(keys, input)).toBeUndefined();
        expect(open(keys, concat(named, input))).toBeUndefined();
      }),
    );
  });

  it('is never longer than TLS carries', () => {
    const longest = maximumTicketLength - 71;
    expect(open(keys, ticketOf(keys, new Uint8Array(longest)))).toHaveLength(longest);
    expect(() => ticketOf(keys, new Uint8Array(longest + 1))).toThrow(/internal-error/);
    expect(open(keys, new Uint8Array(maximumTicketLength + 1))).toBeUndefined();
  });
});

describe('ticket keys', () => {
  it('are the same at every replica with the same secret', () => {
    expect(open(replica(), ticketOf(replica(), Uint8Array.of(7)))).toEqual(Uint8Array.of(7));
  });

  it('rotate by time, under other names', () => {
    const nameAt = (now: number) =>
      Buffer.from(
        replica({ now: () => now })
          .make()
          .wrappedKey.subarray(1, 17),
      ).toString('hex');
    const epoch = Math.floor(begun / (3_600 * second)) * 3_600 * second;
    expect(nameAt(epoch)).toBe(nameAt(epoch + 3_600 * second - 1));
    expect(nameAt(epoch)).not.toBe(nameAt(epoch + 3_600 * second));
  });

  it.for([
    [7_200, 3_600],
    [7_200, 7_200],
    [7_200, 86_400],
    [7_201, 3_600],
    [1, 1],
    [100, 7],
    [604_800, 3_600],
  ] as const)(
    'open a ticket for its lifetime of %i s and no longer, with a rotation of %i s, whenever it was made',
    ([lifetime, rotation]) => {
      const made = fc.nat({ max: 2 * rotation * second }).map((offset) => begun + offset);
      const age = fc.oneof(
        fc.nat({ max: 2 * lifetime * second }),
        fc.constantFrom(0, lifetime * second - 1, lifetime * second),
      );
      fc.assert(
        fc.property(made, age, fc.boolean(), (made, age, isFresh) => {
          let now = made;
          const keys = replica({ now: () => now, lifetime, rotation });
          const ticket = ticketOf(keys, Uint8Array.of(1));
          now += age;
          // One that has gone through the rotations, or has just started.
          const opener = isFresh ? replica({ now: () => now, lifetime, rotation }) : keys;
          expect(open(opener, ticket) !== undefined).toBe(age < lifetime * second);
        }),
      );
    },
  );

  it('open what a replica wrapped whose clock is ahead, and has turned to the next key', () => {
    const epoch = Math.floor(begun / (3_600 * second)) * 3_600 * second;
    const ahead = replica({ now: () => epoch + 3_600 * second });
    const behind = replica({ now: () => epoch + 3_600 * second - 1 });
    expect(open(behind, ticketOf(ahead, Uint8Array.of(1)))).toBeDefined();
  });

  it('go on where the clock is set back', () => {
    let now = begun;
    const keys = replica({ now: () => now });
    const ticket = ticketOf(keys, Uint8Array.of(1));
    now -= 3_600 * second;
    expect(open(keys, ticket)).toBeDefined();
    expect(open(keys, ticketOf(keys, Uint8Array.of(2)))).toEqual(Uint8Array.of(2));
  });

  it.for([
    ['a secret of 31 bytes', { secret: new Uint8Array(31) }],
    ['a lifetime of nothing', { lifetime: 0 }],
    ['a lifetime over seven days', { lifetime: 604_801 }],
    ['a lifetime of half a second', { lifetime: 0.5 }],
    ['a rotation of nothing', { rotation: 0 }],
    ['a rotation without end', { rotation: Number.POSITIVE_INFINITY }],
    ['a lifetime of 257 rotations', { lifetime: 257, rotation: 1 }],
  ] as const)('are not made with %s', ([, options]) => {
    expect(() => replica(options)).toThrow(expect.objectContaining({ reason: 'configuration-invalid' }));
  });
});

function expiryIn({ wrappedKey }: { readonly wrappedKey: Uint8Array }): Uint8Array {
  return wrappedKey.subarray(-6);
}

function sharedBytes(a: Uint8Array, b: Uint8Array): number {
  return a.filter((byte, index) => byte === b[index]).length;
}
