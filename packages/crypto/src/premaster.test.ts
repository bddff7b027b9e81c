import { constants, generateKeyPairSync, publicEncrypt, randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DerTag, encodeDer, encodeInteger } from './der.ts';
import { createPortableCrypto } from './index.ts';
import { nativeCrypto } from './native/index.ts';
import { unpadPremaster } from './premaster.ts';

const portableCrypto = createPortableCrypto((length) => Uint8Array.from(randomBytes(length)));
const providers = [nativeCrypto, portableCrypto];
const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

const tls12 = 0x0303;
const premaster = Uint8Array.of(3, 3, ...randomBytes(46));
const substitute = Uint8Array.from(randomBytes(48));

const encoding = {
  privateKeyEncoding: { format: 'der', type: 'pkcs8' },
  publicKeyEncoding: { format: 'der', type: 'spki' },
} as const;
// A modulus whose length is not a multiple of 8 bits has its own traps.
const keyPairs = [2048, 2049].map((modulusLength) => generateKeyPairSync('rsa', { modulusLength, ...encoding }));
const keys = keyPairs.map(({ privateKey, publicKey }) => ({ pkcs8: privateKey, spki: publicKey }));
const ecdsa = generateKeyPairSync('ec', { namedCurve: 'P-256', ...encoding });
const [key = { pkcs8: new Uint8Array(), spki: new Uint8Array() }] = keys;

describe.each(providers)('RSA key transport with the $name provider', (crypto) => {
  it('gives the premaster secret that either provider encrypted', () => {
    for (const { pkcs8, spki } of keys) {
      for (const peer of providers) {
        const encrypted = peer.importPublicKey(spki).encryptPremaster(premaster);
        const decrypted = crypto.importPrivateKey(pkcs8).decryptPremaster(encrypted, tls12, substitute);
        expect(hexOf(decrypted)).toBe(hexOf(premaster));
      }
    }
  });

  it('encrypts to something else each time', () => {
    const publicKey = crypto.importPublicKey(key.spki);
    expect(hexOf(publicKey.encryptPremaster(premaster))).not.toBe(hexOf(publicKey.encryptPremaster(premaster)));
  });

  it.for([
    ['a secret that is too short', encrypted(premaster.subarray(1))],
    ['a secret that is too long', encrypted(Uint8Array.of(...premaster, 0))],
    ['no secret', encrypted(new Uint8Array())],
    ['the version of another ClientHello', encrypted(Uint8Array.of(3, 1, ...premaster.subarray(2)))],
    ['the padding of a signature', encryptedBlock((block) => block.with(1, 1))],
    ['a first byte that is not zero', encryptedBlock((block) => block.with(0, 1))],
    ['padding with a zero in it', encryptedBlock((block) => block.with(9, 0))],
    ['padding with a zero at its end', encryptedBlock((block) => block.with(256 - 50, 0))],
    ['no zero after its padding', encryptedBlock((block) => block.with(256 - 49, 7))],
    ['zeros', encryptedBlock(() => new Uint8Array(256))],
    ['a ciphertext that is too short', new Uint8Array(255).fill(1)],
    ['a ciphertext that is too long', new Uint8Array(257)],
    ['no ciphertext', new Uint8Array()],
    ['a ciphertext above the modulus', new Uint8Array(256).fill(0xff)],
  ] as const)('gives the substitute for %s, and no error', ([, ciphertext]) => {
    const privateKey = crypto.importPrivateKey(key.pkcs8);
    expect(hexOf(privateKey.decryptPremaster(ciphertext, tls12, substitute))).toBe(hexOf(substitute));
  });

  it('is not to be had with a key of another kind', () => {
    const privateKey = crypto.importPrivateKey(ecdsa.privateKey);
    expect(() => privateKey.decryptPremaster(new Uint8Array(256), tls12, substitute)).toThrow(
      expect.objectContaining({ reason: 'internal-error' }),
    );
    expect(() => crypto.importPublicKey(ecdsa.publicKey).encryptPremaster(premaster)).toThrow(
      expect.objectContaining({ reason: 'certificate-unsupported' }),
    );
  });

  it('is not to be had with a key that is too short for the padding', () => {
    const spki = rsaSpki(new Uint8Array(58).fill(0xff));
    expect(() => crypto.importPublicKey(spki).encryptPremaster(premaster)).toThrow(
      expect.objectContaining({ reason: 'certificate-unsupported' }),
    );
  });
});

describe('unpadPremaster', () => {
  it('takes the secret when every byte of the padding is right, and else the substitute', () => {
    const change = fc.record({ at: fc.nat(255), to: fc.nat(255) });
    fc.assert(
      fc.property(fc.option(change), (changed) => {
        const block = paddedBlock();
        if (changed !== null) block[changed.at] = changed.to;
        const ok =
          block[0] === 0 && block[1] === 2 && block.indexOf(0, 2) === 207 && block[208] === 3 && block[209] === 3;
        const expected = ok ? block.slice(208) : substitute;
        expect(hexOf(unpadPremaster(block, tls12, substitute))).toBe(hexOf(expected));
      }),
      { numRuns: 2000 },
    );
  });
});

function paddedBlock(): Uint8Array {
  return Uint8Array.of(0, 2, ...new Uint8Array(256 - 51).fill(0x55), 0, ...premaster);
}

function encrypted(message: Uint8Array): Uint8Array {
  return publicEncrypt({ ...spkiOf(), padding: constants.RSA_PKCS1_PADDING }, message);
}

function encryptedBlock(change: (block: Uint8Array) => Uint8Array): Uint8Array {
  return publicEncrypt({ ...spkiOf(), padding: constants.RSA_NO_PADDING }, change(paddedBlock()));
}

function spkiOf() {
  return { key: Buffer.from(key.spki), format: 'der', type: 'spki' } as const;
}

function rsaSpki(modulus: Uint8Array): Uint8Array {
  const rsaEncryption = Uint8Array.of(0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01);
  const algorithm = [encodeDer(DerTag.objectIdentifier, rsaEncryption), encodeDer(DerTag.null)];
  const key = encodeDer(DerTag.sequence, encodeInteger(modulus), encodeInteger(Uint8Array.of(3)));
  return encodeDer(
    DerTag.sequence,
    encodeDer(DerTag.sequence, ...algorithm),
    encodeDer(DerTag.bitString, new Uint8Array(1), key),
  );
}
