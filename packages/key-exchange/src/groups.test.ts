import { NamedGroup } from '@handfast/wire';
import { describe, expect, it } from 'vitest';
import { defaultGroups, groupFits } from './groups.ts';

describe('a group', () => {
  it.for(['tls12', 'tls13'] as const)('that is offered by default may be negotiated in %s', (version) => {
    expect(defaultGroups.filter((group) => !groupFits(group, version))).toEqual([]);
  });

  it('with a KEM may be negotiated in TLS 1.3 only', () => {
    expect(groupFits(NamedGroup.X25519MLKEM768, 'tls13')).toBe(true);
    expect(groupFits(NamedGroup.X25519MLKEM768, 'tls12')).toBe(false);
  });

  it('that is not known may not be negotiated', () => {
    expect(groupFits(0x1a1a, 'tls12') || groupFits(0x1a1a, 'tls13')).toBe(false);
  });
});
