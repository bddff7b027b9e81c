import { nativeCrypto as crypto } from '@handfast/crypto/native';
import { describe, expect, it } from 'vitest';
import { type ConfiguredPsk, ExternalPsks } from './external-psks.ts';

const identity = new TextEncoder().encode('device 17');
const psk: ConfiguredPsk = { identity, key: new Uint8Array(16).fill(1), hash: 'sha256' };

describe('external PSKs', () => {
  it.for([
    ['an empty identity', [{ ...psk, identity: new Uint8Array(0) }]],
    ['an identity that is too long', [{ ...psk, identity: new Uint8Array(65_536) }]],
    ['a key of less than 128 bits', [{ ...psk, key: new Uint8Array(15) }]],
    ['a key that is too long', [{ ...psk, key: new Uint8Array(65_536) }]],
    ['one identity twice', [psk, { ...psk, key: new Uint8Array(32) }]],
  ] as const)('are not made with %s', ([, psks]) => {
    expect(() => new ExternalPsks(crypto, psks)).toThrow(expect.objectContaining({ reason: 'configuration-invalid' }));
  });

  it('are as many as a server needs; to a server, eight are offered', () => {
    const many = Array.from({ length: 1_000 }, (_, index) => ({ ...psk, identity: new Uint8Array(index + 1) }));
    const psks = new ExternalPsks(crypto, many);
    expect(psks.find(new Uint8Array(1_000))).toMatchObject({ key: psk.key });
    expect(psks.for('server').map(({ identity }) => identity.length)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  });

  it('are copies: the caller may clear what it gave', () => {
    const given = { ...psk, key: psk.key.slice() };
    const psks = new ExternalPsks(crypto, [given]);
    given.key.fill(0);
    expect(psks.find(identity)?.key).toEqual(psk.key);
  });
});
