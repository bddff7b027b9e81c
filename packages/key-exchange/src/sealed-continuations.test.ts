import { inspect } from 'node:util';
import { nativeCrypto } from '@handfast/crypto/native';
import { NamedGroup } from '@handfast/wire';
import { describe, expect, it } from 'vitest';
import type { HostedAskContext } from './continuations.ts';
import { SealedContinuations } from './sealed-continuations.ts';

const secret = new Uint8Array(32).fill(3);
const caller = new Uint8Array(32).fill(1);

function replica(options: { secret?: Uint8Array; now?: () => number; lifetime?: number; capacity?: number } = {}) {
  return new SealedContinuations({ crypto: nativeCrypto, secret, now: () => 0, ...options });
}

function askOf(caller: Uint8Array | undefined): HostedAskContext {
  return {
    id: '1',
    deadline: 0,
    traceId: new Uint8Array(16),
    spanId: new Uint8Array(8),
    report: () => {},
    onCancel: () => {},
    caller,
  };
}

const ask = askOf(caller);
const generate = () => nativeCrypto.generateEphemeral(NamedGroup.x25519);

describe('a sealed continuation', () => {
  it('is opened by any replica with the same secret, and goes on there', () => {
    const keys = nativeCrypto.groups.map((group) => nativeCrypto.generateEphemeral(group));
    const opened = replica().take(replica().put(keys, ask), ask);
    expect(opened.map(({ group }) => group)).toEqual(nativeCrypto.groups);
    for (const [index, key] of opened.entries()) {
      const peer = nativeCrypto.respondToShare(key.group, keys[index]?.share ?? new Uint8Array());
      expect(Buffer.from(key.agree(peer.share))).toEqual(Buffer.from(peer.secret));
    }
  });

  it('is not opened by a replica with another secret', () => {
    const other = replica({ secret: new Uint8Array(32).fill(4) });
    expect(() => other.take(replica().put([generate()], ask), ask)).toThrow(/service-failed/);
  });

  it('is not opened for another caller', () => {
    const continuations = replica();
    const continuation = continuations.put([generate()], ask);
    expect(() => continuations.take(continuation, askOf(new Uint8Array(32).fill(2)))).toThrow(/service-failed/);
    expect(continuations.take(continuation, ask)).toHaveLength(1);
  });

  it('is not made where the host does not say who calls', () => {
    expect(() => replica().put([generate()], askOf(undefined))).toThrow(/internal-error/);
  });

  it('is not made under a short secret', () => {
    expect(() => replica({ secret: new Uint8Array(31) })).toThrow(/configuration-invalid/);
  });

  it('hides its keys', () => {
    const key = generate();
    const continuation = Buffer.from(replica().put([key], ask));
    expect(continuation.includes(key.exportPrivate())).toBe(false);
    expect(inspect(replica(), { depth: null, showHidden: true })).not.toMatch(/Uint8Array|Buffer/);
  });

  it('is opened until its lifetime ends', () => {
    const begun = 1_700_000_000_000;
    let now = begun;
    const continuations = replica({ now: () => now, lifetime: 1_000 });
    const [inTime, late] = [continuations.put([generate()], ask), continuations.put([generate()], ask)];
    now = begun + 999;
    expect(continuations.take(inTime, ask)).toHaveLength(1);
    now = begun + 1_000;
    expect(() => continuations.take(late, ask)).toThrow(/expired/);
  });

  it('is opened once, whenever in its lifetime that is tried', () => {
    for (let first = 0; first < 1_000; first += 111) {
      for (let second = first; second < 1_000; second += 111) {
        let now = 0;
        const continuations = replica({ now: () => now, lifetime: 1_000 });
        // Others, used before, set the time at which what is remembered turns over.
        continuations.take(continuations.put([generate()], ask), ask);
        now = 700;
        const continuation = continuations.put([generate()], ask);
        now = 700 + first;
        continuations.take(continuation, ask);
        now = 700 + second;
        expect(() => continuations.take(continuation, ask)).toThrow(/used before/);
      }
    }
  });

  it('is refused when no more can be remembered, until some are old enough to forget', () => {
    let now = 0;
    const continuations = replica({ now: () => now, lifetime: 1_000, capacity: 3 });
    const take = () => continuations.take(continuations.put([generate()], ask), ask);
    for (let count = 0; count < 3; count++) take();
    expect(take).toThrow(/service-busy/);
    now = 1_000;
    expect(take()).toHaveLength(1);
  });
});
