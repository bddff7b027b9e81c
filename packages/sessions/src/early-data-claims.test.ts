import { describe, expect, it } from 'vitest';
import { claimLifetime, freshnessWindow, LocalEarlyDataClaims } from './early-data-claims.ts';

describe('a claim to early data in memory', () => {
  it('is granted once, whenever in its lifetime it is repeated', () => {
    for (let first = 0; first < claimLifetime; first += claimLifetime / 7) {
      for (let second = 0; second < claimLifetime; second += claimLifetime / 7) {
        let now = 0;
        const claims = new LocalEarlyDataClaims({ now: () => now });
        now = first;
        expect(claims.claim('a')).toBe(true);
        // Others set the time at which what is remembered turns over.
        now = first + second / 2;
        claims.claim('b');
        now = first + second;
        expect(claims.claim('a')).toBe(false);
      }
    }
  });

  it('outlives every time at which its ClientHello could look fresh', () => {
    expect(claimLifetime).toBeGreaterThan(2 * freshnessWindow);
  });

  it('is forgotten in the end', () => {
    let now = 0;
    const claims = new LocalEarlyDataClaims({ now: () => now });
    claims.claim('a');
    for (const later of [1, 2]) {
      now = later * claimLifetime;
      claims.claim(String(later));
    }
    expect(claims.claim('a')).toBe(true);
  });

  it('is not granted where there is no room to remember it, until some are old enough to forget', () => {
    let now = 0;
    const claims = new LocalEarlyDataClaims({ now: () => now, capacity: 3 });
    expect(['a', 'b', 'c', 'd'].map((id) => claims.claim(id))).toEqual([true, true, true, false]);
    expect(claims.claim('a')).toBe(false);
    now = claimLifetime;
    expect(['d', 'a'].map((id) => claims.claim(id))).toEqual([true, false]);
  });

  it('is known since the claims began', () => {
    expect(new LocalEarlyDataClaims({ now: () => 1_234 }).since).toBe(1_234);
  });
});
