import { nativeCrypto } from '@handfast/crypto/native';
import { NamedGroup } from '@handfast/wire';
import { describe, expect, it } from 'vitest';
import { defaultGroups, finiteFieldGroups, groupFits, isPostQuantum } from './groups.ts';

describe('a group', () => {
  it('that is offered by default may be negotiated in TLS 1.3, and the hybrid comes first', () => {
    expect(defaultGroups.filter((group) => !groupFits(group, 'any'))).toEqual([]);
    expect(defaultGroups[0]).toBe(NamedGroup.X25519MLKEM768);
  });

  it('with a KEM may be negotiated in TLS 1.3 only', () => {
    expect(groupFits(NamedGroup.X25519MLKEM768, 'any')).toBe(true);
    expect(groupFits(NamedGroup.X25519MLKEM768, 'ecdhe')).toBe(false);
  });

  it('is post-quantum where it is named after ML-KEM', () => {
    for (const [name, group] of Object.entries(NamedGroup)) expect(isPostQuantum(group)).toBe(name.includes('MLKEM'));
  });

  it('goes with ECDHE where it is a curve, with DHE where it is a finite field, with RSA never', () => {
    const fitting = (keyExchange: 'ecdhe' | 'dhe' | 'rsa') =>
      nativeCrypto.groups.filter((group) => groupFits(group, keyExchange));
    expect(fitting('ecdhe')).toEqual(defaultGroups.slice(1));
    expect(fitting('dhe')).toEqual(finiteFieldGroups);
    expect(fitting('rsa')).toEqual([]);
  });

  it('over a finite field may be negotiated in TLS 1.3, but is not offered by default', () => {
    expect(finiteFieldGroups.every((group) => groupFits(group, 'any'))).toBe(true);
    expect(finiteFieldGroups.some((group) => defaultGroups.includes(group))).toBe(false);
  });

  it('that is not known may not be negotiated', () => {
    expect((['any', 'ecdhe', 'dhe', 'rsa'] as const).some((keyExchange) => groupFits(0x1a1a, keyExchange))).toBe(false);
  });
});
