import { nativeCrypto } from '@handfast/crypto/native';
import { toHex } from '@handfast/wire';
import { describe, expect, it } from 'vitest';
import { exportKeyingMaterial12, masterSecret } from './key-schedule12.ts';

const bytes = (from: number, length: number) => Uint8Array.from({ length }, (_, index) => from + index);

describe('the extended master secret', () => {
  // openssl kdf -keylen 48 -kdfopt digest:SHA256 -kdfopt hexsecret:… -kdfopt hexseed:<label and session hash> TLS1-PRF
  it.for([
    {
      hash: 'sha256',
      length: 32,
      known: '3db67f8359dfe1d067acdda2e4ffbdfe7fa5150e1d3f728cdee31e79870e5948573d163d2ff8f9137d3d9e25dd9de867',
    },
    {
      hash: 'sha384',
      length: 48,
      known: '5fc10b229d808bf087a0209144a227adf5c446ab670c46d870aaced7ede35d94664c9da8a077752c945c75b40972de1c',
    },
  ] as const)('of $hash is that of OpenSSL', ({ hash, length, known }) => {
    const derivation = { kind: 'extended', hash, sessionHash: bytes(100, length) } as const;
    expect(toHex(masterSecret(nativeCrypto, bytes(0, 32), derivation))).toBe(known);
  });
});

describe('exportKeyingMaterial12', () => {
  const exported = (label: string, context: Uint8Array | undefined) =>
    exportKeyingMaterial12(nativeCrypto, 'sha256', bytes(0, 48), bytes(0, 32), bytes(0, 32), label, context, 32);

  it.for(['client finished', 'server finished', 'master secret', 'extended master secret', 'key expansion'])(
    'refuses the label %s of TLS itself',
    (label) => {
      expect(() => exported(label, undefined)).toThrow(/configuration-invalid/);
    },
  );

  it('refuses a label that is not printable ASCII', () => {
    for (const label of ['EXPERIMENTAL é', 'EXPERIMENTAL\0']) {
      expect(() => exported(label, undefined)).toThrow(/configuration-invalid/);
    }
  });

  it('refuses a context that its length cannot tell', () => {
    expect(() => exported('EXPERIMENTAL', new Uint8Array(0x10000))).toThrow(/configuration-invalid/);
    expect(exported('EXPERIMENTAL', new Uint8Array(0xffff))).toHaveLength(32);
  });
});
