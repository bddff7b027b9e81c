import type { Timeline } from '@handfast/handshake';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { full13, idle13, refused13, rejectedLate13, retried13 } from '../test/timelines.ts';
import { keep } from './keep.ts';

const traceIds = fc.uint8Array({ minLength: 16, maxLength: 16 });
const ratios = fc.double({ min: 0, max: 1, noNaN: true });

function withId(timeline: Timeline, traceId: Uint8Array): Timeline {
  return { ...timeline, traceId };
}

describe('sampling', () => {
  it('decides alike at both peers, for any trace ID and ratio', () => {
    fc.assert(
      fc.property(traceIds, ratios, (traceId, ratio) => {
        const atServer = keep(withId(full13(), traceId), { ratio });
        const atClient = keep(withId(retried13(), traceId), { ratio });
        expect(atServer).toBe(atClient);
      }),
    );
  });

  it('keeps about the share that is asked for, everything at 1, nothing at 0', () => {
    const ids = fc.sample(traceIds, { numRuns: 4000, seed: 1 }).filter((id) => id.some((byte) => byte !== 0));
    const kept = (ratio: number) => ids.filter((id) => keep(withId(full13(), id), { ratio })).length / ids.length;
    expect(kept(0)).toBe(0);
    expect(kept(0.3)).toBeCloseTo(0.3, 1);
    expect(kept(1)).toBe(1);
  });

  it('keeps with a larger ratio what it keeps with a smaller one', () => {
    fc.assert(
      fc.property(traceIds, ratios, ratios, (traceId, one, other) => {
        const timeline = withId(full13(), traceId);
        const atSmaller = keep(timeline, { ratio: Math.min(one, other) });
        const atLarger = keep(timeline, { ratio: Math.max(one, other) });
        expect(atLarger || !atSmaller).toBe(true);
      }),
    );
  });

  it('keeps every failure at ratio 0', () => {
    fc.assert(
      fc.property(traceIds, (traceId) => {
        expect(keep(withId(refused13(), traceId), { ratio: 0 })).toBe(true);
        expect(keep(withId(rejectedLate13(), traceId), { ratio: 0 })).toBe(true);
      }),
    );
  });

  it('keeps what was slower than asked at ratio 0, not counting idle time after completion', () => {
    expect(keep(full13(), { ratio: 0, slowerThan: 4.9 })).toBe(true);
    expect(keep(full13(), { ratio: 0, slowerThan: 5.1 })).toBe(false);
    expect(keep(idle13(), { ratio: 0, slowerThan: 5.1 })).toBe(false);
  });
});
