import { nativeCrypto as crypto } from '@handfast/crypto/native';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { KeptSessions, maximumStateLength } from './kept-sessions.ts';

const state = (byte: number, length = 100) => new Uint8Array(length).fill(byte);

function make(memory: number): KeptSessions {
  return new KeptSessions({ crypto, now: () => 0, perKey: 8, memory });
}

describe('kept sessions', () => {
  it('forget, over their memory, what was kept first', () => {
    const sessions = make(3 * (256 + 1 + 100));
    for (const [index, key] of ['a', 'b', 'a', 'c'].entries()) sessions.keep(key, state(index), 1);
    expect(sessions.newest('b')).toBeUndefined();
    expect(sessions.take('a', 8)).toEqual([state(2), state(0)]);
    expect(sessions.take('c', 8)).toEqual([state(3)]);
  });

  it('have room again for what was taken', () => {
    const sessions = make(2 * (256 + 1 + 100));
    for (let round = 0; round < 100; round++) {
      sessions.keep('a', state(1), 1);
      sessions.keep('b', state(2), 1);
      expect(sessions.take('a', 8)).toHaveLength(1);
      expect(sessions.take('b', 8)).toHaveLength(1);
    }
  });

  it('stay within their memory whatever is kept, taken and left to expire', () => {
    const memory = 4_000;
    const step = fc.record({
      key: fc.constantFrom('a', 'b', 'c', 'd'),
      length: fc.nat({ max: 1_000 }),
      byte: fc.nat({ max: 255 }),
      takes: fc.boolean(),
      passes: fc.nat({ max: 3 }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        let now = 0;
        const sessions = new KeptSessions({ crypto, now: () => now, perKey: 8, memory });
        for (const { key, length, byte, takes, passes } of steps) {
          now += passes;
          if (takes) sessions.take(key, 2);
          else sessions.keep(key, state(byte, length), now + 5);
        }
        const left = ['a', 'b', 'c', 'd'].flatMap((key) => sessions.take(key, 8));
        expect(left.reduce((sum, { length }) => sum + length + 257, 0)).toBeLessThanOrEqual(memory);
      }),
    );
  });

  it('take none that is longer than fits a ticket, nor one that is larger than all memory', () => {
    const sessions = make(2 ** 20);
    sessions.keep('a', state(1, maximumStateLength + 1), 1);
    expect(sessions.newest('a')).toBeUndefined();
    const small = make(100);
    small.keep('a', state(1), 1);
    expect(small.newest('a')).toBeUndefined();
  });

  it('are copies: the caller may clear what it gave', () => {
    const sessions = make(2 ** 20);
    const given = state(1);
    sessions.keep('a', given, 1);
    given.fill(0);
    expect(sessions.newest('a')).toEqual(state(1));
  });
});
