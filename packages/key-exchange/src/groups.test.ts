import { NamedGroup } from '@handfast/wire';
import { describe, expect, it } from 'vitest';
import { defaultGroups, groupFits } from './groups.ts';

describe('a group', () => {
  it.for(['ecdhe', 'any'] as const)('that is offered by default may be negotiated with %s', (keyExchange) => {
    expect(defaultGroups.filter((group) => !groupFits(group, keyExchange))).toEqual([]);
  });

  it('with a KEM may be negotiated in TLS 1.3 only', () => {
    expect(groupFits(NamedGroup.X25519MLKEM768, 'any')).toBe(true);
    expect(groupFits(NamedGroup.X25519MLKEM768, 'ecdhe')).toBe(false);
  });

  it('that is not known may not be negotiated', () => {
    expect(groupFits(0x1a1a, 'ecdhe') || groupFits(0x1a1a, 'any')).toBe(false);
  });
});
