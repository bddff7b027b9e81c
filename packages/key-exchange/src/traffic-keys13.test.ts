import { nativeCrypto } from '@handfast/crypto/native';
import { toHex } from '@handfast/wire';
import { describe, expect, it } from 'vitest';
import { nextTrafficSecret } from './traffic-keys13.ts';

describe('nextTrafficSecret', () => {
  // openssl kdf -keylen 32 -kdfopt digest:SHA256 -kdfopt mode:EXPAND_ONLY -kdfopt hexkey:0001…1f
  //   -kdfopt hexinfo:002011<"tls13 traffic upd">00 HKDF
  it.for([
    { hash: 'sha256', length: 32, known: '2cecd0a17506ef5fa73edc062d6e7b5397cf074ec1b4d8f99a120772932f0b45' },
    {
      hash: 'sha384',
      length: 48,
      known: '401331b63e9d59f202e8f041042d9516f4cd7fa2e2ee14631d3b49fc340d7af37fc2c0c9f252d8036f81ec5b85cbe5db',
    },
  ] as const)('of $hash is what OpenSSL expands', ({ hash, length, known }) => {
    const secret = Uint8Array.from({ length }, (_, index) => index);
    expect(toHex(nextTrafficSecret(nativeCrypto, hash, secret))).toBe(known);
  });
});
