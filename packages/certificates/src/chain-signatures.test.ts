import { SignatureScheme } from '@handfast/wire';
import { describe, expect, it } from 'vitest';
import { issue } from '../testing/pki.ts';
import { chainSignatureSchemes } from './chain-signatures.ts';

const root = await issue({ subject: 'CN=root', kind: 'ecdsa-p384', hash: 'SHA-384', ca: {} });
const intermediate = await issue({ subject: 'CN=between', kind: 'rsa-2048', hash: 'SHA-384', ca: {}, issuer: root });

describe('the signatures of a chain', () => {
  it('are those of each certificate by the next, without that of the root by itself', async () => {
    const { der } = await issue({ names: ['localhost'], issuer: intermediate });
    const expected = new Set([SignatureScheme.rsa_pkcs1_sha256, SignatureScheme.ecdsa_secp384r1_sha384]);
    expect(chainSignatureSchemes([der, intermediate.der, root.der])).toEqual(expected);
    expect(chainSignatureSchemes([der, intermediate.der])).toEqual(expected);
  });

  it('are none where a certificate signed itself', async () => {
    const { der } = await issue({ names: ['localhost'] });
    expect(chainSignatureSchemes([der])).toEqual(new Set());
  });

  it('are of no scheme where they rest on SHA-1', async () => {
    const { der } = await issue({ names: ['localhost'], issuer: intermediate, hash: 'SHA-1' });
    expect(chainSignatureSchemes([der])).toEqual(new Set([undefined]));
  });
});
