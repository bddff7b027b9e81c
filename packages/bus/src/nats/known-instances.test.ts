import { nativeCrypto } from '@handfast/crypto/native';
import { describe, expect, it, vi } from 'vitest';
import { InstanceKey } from '../sealing/instance-key.ts';
import { KnownInstances } from './known-instances.ts';

const makeKey = () => new InstanceKey(nativeCrypto, new Uint8Array(0));
const keys = (count: number) => Array.from({ length: count }, () => Uint8Array.from(makeKey().publicKey));

describe('KnownInstances', () => {
  it('tells of an instance once, however often it is heard', () => {
    const met = vi.fn();
    const instances = new KnownInstances(makeKey(), met);
    const [key = new Uint8Array()] = keys(1);
    instances.heard(key, 1);
    instances.heard(key, 2);
    expect(met).toHaveBeenCalledOnce();
    expect(instances.all()).toEqual([key]);
  });

  it('knows 16, and forgets the most silent of more', () => {
    const instances = new KnownInstances(makeKey(), () => {});
    const heard = keys(17);
    for (const [at, key] of heard.entries()) instances.heard(key, at);
    expect(instances.all()).toEqual(heard.slice(1));
  });

  it('has the one that was heard last first, and leaves out those that are silent much longer than others', () => {
    const instances = new KnownInstances(makeKey(), () => {});
    const [silent, earlier, last] = keys(3);
    if (silent === undefined || earlier === undefined || last === undefined) throw new Error('three keys');
    instances.heard(silent, 0);
    instances.heard(earlier, 10_000);
    instances.heard(last, 20_000);
    expect(instances.lively()).toEqual([last, earlier]);
    expect(instances.all()).toHaveLength(3);
    instances.heard(silent, 20_001);
    expect(instances.lively()).toEqual([silent, last, earlier]);
  });

  it('keeps one that is silent for long where there is no other', () => {
    const instances = new KnownInstances(makeKey(), () => {});
    instances.heard(keys(1)[0] ?? new Uint8Array(), 0);
    expect(instances.lively()).toHaveLength(1);
  });

  it('does not take a key of small order', () => {
    const instances = new KnownInstances(makeKey(), () => {});
    expect(() => instances.heard(new Uint8Array(32), 0)).toThrow();
    expect(instances.all()).toEqual([]);
  });
});
