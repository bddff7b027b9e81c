import { nativeCrypto } from '@handfast/crypto/native';
import type { Continuation, HostedAskContext } from '@handfast/key-exchange';
import { NamedGroup } from '@handfast/wire';
import { beforeEach, describe, expect, it } from 'vitest';
import { RotatingContinuations } from './rotating-continuations.ts';

const context = { caller: new Uint8Array(32) } as HostedAskContext;
const secret = (byte: number) => new Uint8Array(32).fill(byte);
const second = 1_000;
let time: number;
beforeEach(() => {
  time = Date.now();
});

const open = (byte: number) => new RotatingContinuations(nativeCrypto, secret(byte), () => time);
const begin = (store: RotatingContinuations) => store.put([nativeCrypto.generateEphemeral(NamedGroup.x25519)], context);
const takes = (store: RotatingContinuations, continuation: Continuation) => store.take(continuation, context).length;

describe('continuations whose secret changes', () => {
  it('open after the change, once', () => {
    const store = open(1);
    const continuation = begin(store);
    store.rotate(secret(2));
    expect(takes(store, continuation)).toBe(1);
    expect(() => takes(store, continuation)).toThrow('service-failed');
  });

  it('open only once where the secret from before comes back', () => {
    const store = open(1);
    const continuation = begin(store);
    store.rotate(secret(2));
    expect(takes(store, continuation)).toBe(1);
    store.rotate(secret(1));
    expect(() => takes(store, continuation)).toThrow('service-failed');
  });

  it('are sealed with the secret from before until every replica has the new one', () => {
    const [store, late, early] = [open(1), open(1), open(2)];
    store.rotate(secret(2));
    expect(takes(late, begin(store))).toBe(1);
    expect(takes(store, begin(early))).toBe(1);
    time += 60 * second;
    expect(() => takes(late, begin(store))).toThrow('service-failed');
    expect(takes(early, begin(store))).toBe(1);
  });

  it('are sealed with the one secret that all have while several are new', () => {
    const [store, late] = [open(1), open(1)];
    store.rotate(secret(2));
    time += second;
    store.rotate(secret(3));
    expect(takes(late, begin(store))).toBe(1);
  });

  it('forget a secret that was replaced long ago', () => {
    const [store, old] = [open(1), open(1)];
    store.rotate(secret(2));
    time += 300 * second;
    const continuation = begin(old);
    store.rotate(secret(3));
    expect(() => takes(store, continuation)).toThrow('service-failed');
  });
});
