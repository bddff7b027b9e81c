import { NamedGroup } from '@handfast/wire';
import { describe, expect, it } from 'vitest';
import { groupOfServerDhParams, premasterOf, serverDhParams } from './finite-field.ts';
import { finiteFieldGroups } from './groups.ts';

describe('ServerDHParams', () => {
  it.for(finiteFieldGroups)('of group %i are known by their prime and generator', (group) => {
    const params = serverDhParams(group, Uint8Array.of(9));
    expect(params.dhYs).toEqual(Uint8Array.of(9));
    expect(groupOfServerDhParams(params)).toBe(group);
  });

  it('of any other prime or generator are not', () => {
    const params = serverDhParams(NamedGroup.ffdhe2048, Uint8Array.of(9));
    expect(groupOfServerDhParams({ ...params, dhG: Uint8Array.of(5) })).toBeUndefined();
    expect(groupOfServerDhParams({ ...params, dhP: params.dhP.with(100, 0) })).toBeUndefined();
    expect(groupOfServerDhParams({ ...params, dhP: params.dhP.subarray(1) })).toBeUndefined();
  });
});

it('a premaster secret over a prime has no leading zeros (RFC 5246 section 8.1.2), that of a curve keeps them', () => {
  const secret = Uint8Array.of(0, 0, 5, 0);
  expect([...premasterOf(NamedGroup.ffdhe2048, secret)]).toEqual([5, 0]);
  expect([...premasterOf(NamedGroup.secp256r1, secret)]).toEqual([0, 0, 5, 0]);
});
