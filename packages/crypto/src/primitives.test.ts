import { createCipheriv, createHash, createHmac, generateKeyPairSync, randomBytes } from 'node:crypto';
import { inspect } from 'node:util';
import { TlsError } from '@handfast/wire';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type AeadName,
  aeadKeyLength,
  aeadTagLength,
  type CbcName,
  cbcKeyLength,
  createPortableCrypto,
  type HashName,
  hashLength,
  type MacName,
  macLength,
} from './index.ts';
import { nativeCrypto } from './native/index.ts';

const portableCrypto = createPortableCrypto((length) => Uint8Array.from(randomBytes(length)));
const hashes = Object.keys(hashLength) as HashName[];
const macs = Object.keys(macLength) as MacName[];
const cbcs = Object.keys(cbcKeyLength) as CbcName[];
const aeads = Object.keys(aeadKeyLength) as AeadName[];

const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'hex'));
const hexOf = (bytes: Uint8Array | undefined): string => Buffer.from(bytes ?? []).toString('hex');
const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

/** Bytes of any length, and often of one that is next to one of these. */
function bytesAround(...lengths: readonly number[]): fc.Arbitrary<Uint8Array> {
  const near = lengths.map((length) => fc.uint8Array({ minLength: length - 1, maxLength: length + 1, size: 'max' }));
  return fc.oneof(fc.uint8Array({ maxLength: 600, size: 'max' }), ...near);
}

describe.each([nativeCrypto, portableCrypto])('the $name provider', (crypto) => {
  it.for(hashes)('hashes with %s as node:crypto does', (hash) => {
    for (const length of [0, 1, 55, 56, 64, 111, 112, 128, 1000]) {
      const data = randomBytes(length);
      expect(hexOf(crypto.hash(hash, data))).toBe(createHash(hash).update(data).digest('hex'));
    }
    expect(crypto.hash(hash, new Uint8Array()).length).toBe(hashLength[hash]);
  });

  it('hashes "abc" as FIPS 180-4 does', () => {
    expect(hexOf(crypto.hash('sha256', utf8('abc')))).toBe(
      'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
    );
  });

  it.for(hashes)('reads a running %s at any point, and goes on', (hash) => {
    const running = crypto.runningHash(hash);
    let all = new Uint8Array();
    for (const length of [0, 10, 64, 1, 200]) {
      const piece = Uint8Array.from(randomBytes(length));
      running.update(piece);
      all = Uint8Array.of(...all, ...piece);
      expect(hexOf(running.current())).toBe(hexOf(crypto.hash(hash, all)));
      expect(hexOf(running.current())).toBe(hexOf(crypto.hash(hash, all)));
      const copy = running.copy();
      copy.update(Uint8Array.of(1));
      expect(hexOf(copy.current())).toBe(hexOf(crypto.hash(hash, Uint8Array.of(...all, 1))));
      expect(hexOf(running.current())).toBe(hexOf(crypto.hash(hash, all)));
    }
  });

  it.for(macs)('makes HMACs with %s as node:crypto does, for keys of any length', (hash) => {
    for (const length of [0, 1, 32, 64, 65, 128, 129, 300, 600]) {
      const [key, data] = [randomBytes(length), randomBytes(length + 3)];
      expect(hexOf(crypto.hmac(hash, key, data))).toBe(createHmac(hash, key).update(data).digest('hex'));
    }
  });

  it('makes the HMAC of any key and data, whatever it made one of before', () => {
    const input = fc.tuple(fc.constantFrom(...macs), bytesAround(64, 128), bytesAround(384, 448, 512));
    fc.assert(
      fc.property(fc.array(input, { minLength: 2, maxLength: 5 }), (inputs) => {
        for (const [hash, key, data] of inputs) {
          expect(hexOf(crypto.hmac(hash, key, data))).toBe(createHmac(hash, key).update(data).digest('hex'));
        }
      }),
    );
  });

  it('makes the HMAC of RFC 4231 section 4.3', () => {
    expect(hexOf(crypto.hmac('sha256', utf8('Jefe'), utf8('what do ya want for nothing?')))).toBe(
      '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
    );
  });

  it('makes the HMAC with SHA-1 of RFC 2202 section 3', () => {
    expect(hexOf(crypto.hmac('sha1', utf8('Jefe'), utf8('what do ya want for nothing?')))).toBe(
      'effcdf6ae5eb2fa2d27416d5f184df9c259a7c79',
    );
  });

  it.for(aeads)('seals with %s as node:crypto does, and opens it', (name) => {
    for (const length of [0, 1, 16, 17, 1000, 16_384]) {
      const [key, nonce, data] = [randomBytes(aeadKeyLength[name]), randomBytes(12), randomBytes(5)];
      const plaintext = randomBytes(length);
      const cipher = createCipheriv(name.replace('m-8', 'm') as 'aes-128-ccm', key, nonce, {
        authTagLength: aeadTagLength[name],
      });
      cipher.setAAD(data, { plaintextLength: length });
      const expected = Buffer.concat([cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
      const aead = crypto.aead(name, key);
      expect(hexOf(aead.seal(nonce, data, plaintext))).toBe(expected.toString('hex'));
      expect(hexOf(aead.open(nonce, data, expected))).toBe(plaintext.toString('hex'));
    }
  });

  it.for(aeads)('seals with %s into a given place, which may be that of the plaintext', (name) => {
    const aead = crypto.aead(name, randomBytes(aeadKeyLength[name]));
    const [nonce, data, plaintext] = [randomBytes(12), randomBytes(5), randomBytes(100)];
    const expected = hexOf(aead.seal(nonce, data, plaintext));
    const apart = new Uint8Array(100 + aead.tagLength);
    aead.sealInto(nonce, data, plaintext, apart);
    expect(hexOf(apart)).toBe(expected);
    const inPlace = Uint8Array.of(...plaintext, ...new Uint8Array(aead.tagLength));
    aead.sealInto(nonce, data, inPlace.subarray(0, 100), inPlace);
    expect(hexOf(inPlace)).toBe(expected);
  });

  it.for(aeads)('opens nothing of %s of which a single bit is not as it was sealed', (name) => {
    const key = randomBytes(aeadKeyLength[name]);
    const aead = crypto.aead(name, key);
    const [nonce, data] = [randomBytes(12), randomBytes(5)];
    const sealed = aead.seal(nonce, data, randomBytes(20));
    expect(aead.open(nonce, data, sealed)).toBeDefined();
    const flips = fc.tuple(fc.constantFrom(0, 1, 2), fc.nat(), fc.nat(7));
    fc.assert(
      fc.property(flips, ([which, position, bit]) => {
        const altered = [nonce, data, sealed].map((part) => Uint8Array.from(part));
        const part = altered[which] ?? new Uint8Array(1);
        const at = position % part.length;
        part[at] = (part[at] ?? 0) ^ (1 << bit);
        const [n = nonce, a = data, s = sealed] = altered;
        expect(aead.open(n, a, s)).toBeUndefined();
      }),
    );
  });

  it.for(aeads)('opens nothing of %s that is shorter than a tag, or of another key', (name) => {
    const aead = crypto.aead(name, new Uint8Array(aeadKeyLength[name]));
    const nonce = new Uint8Array(12);
    for (let length = 0; length < aead.tagLength; length += 1) {
      expect(aead.open(nonce, new Uint8Array(), new Uint8Array(length))).toBeUndefined();
    }
    const other = crypto.aead(name, new Uint8Array(aeadKeyLength[name]).fill(1));
    expect(other.open(nonce, new Uint8Array(), aead.seal(nonce, new Uint8Array(), utf8('text')))).toBeUndefined();
  });

  it.for(aeads)('keeps a copy of the key of %s, and shows it nowhere', (name) => {
    const key = Uint8Array.from(randomBytes(aeadKeyLength[name]));
    const shown = [...key.subarray(0, 8)].join(',');
    const aead = crypto.aead(name, key);
    const sealed = aead.seal(new Uint8Array(12), new Uint8Array(), utf8('text'));
    expect(
      (inspect(aead, { depth: null, showHidden: true }) + JSON.stringify(aead)).replaceAll(/\s/g, ''),
    ).not.toContain(shown);
    key.fill(0);
    expect(hexOf(aead.seal(new Uint8Array(12), new Uint8Array(), utf8('text')))).toBe(hexOf(sealed));
  });

  it('seals with AES-CCM as NIST SP 800-38C appendix C.3 does', () => {
    const aead = crypto.aead('aes-128-ccm-8', hex('404142434445464748494a4b4c4d4e4f'));
    const data = hex('000102030405060708090a0b0c0d0e0f10111213');
    const plaintext = hex('202122232425262728292a2b2c2d2e2f3031323334353637');
    expect(hexOf(aead.seal(hex('101112131415161718191a1b'), data, plaintext))).toBe(
      'e3b201a9f5b71a7a9b1ceaeccd97e70b6176aad9a4428aa5484392fbc1b09951',
    );
  });

  it('seals with AES-CCM whatever node:crypto seals, and without associated data too', () => {
    const input = fc.tuple(fc.constantFrom<AeadName>('aes-256-ccm', 'aes-128-ccm-8'), bytesAround(16), bytesAround(16));
    fc.assert(
      fc.property(input, ([name, data, plaintext]) => {
        const [key, nonce] = [new Uint8Array(aeadKeyLength[name]).fill(3), new Uint8Array(12).fill(4)];
        const cipher = createCipheriv(name.replace('m-8', 'm') as 'aes-128-ccm', key, nonce, {
          authTagLength: aeadTagLength[name],
        });
        if (data.length > 0) cipher.setAAD(data, { plaintextLength: plaintext.length });
        const expected = Buffer.concat([cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
        const aead = crypto.aead(name, key);
        expect(hexOf(aead.seal(nonce, data, plaintext))).toBe(expected.toString('hex'));
        expect(hexOf(aead.open(nonce, data, expected))).toBe(hexOf(plaintext));
      }),
    );
  });

  it.for(cbcs)('encrypts with %s as node:crypto does, and decrypts it', (name) => {
    for (const blocks of [0, 1, 2, 1025]) {
      const [key, iv, data] = [randomBytes(cbcKeyLength[name]), randomBytes(16), randomBytes(16 * blocks)];
      const expected = createCipheriv(name, key, iv).setAutoPadding(false).update(data);
      const cbc = crypto.cbc(name, key);
      expect(hexOf(cbc.encrypt(iv, data))).toBe(expected.toString('hex'));
      expect(hexOf(cbc.decrypt(iv, expected))).toBe(data.toString('hex'));
    }
  });

  it('encrypts with AES-CBC as NIST SP 800-38A appendix F.2.1 does', () => {
    const cbc = crypto.cbc('aes-128-cbc', hex('2b7e151628aed2a6abf7158809cf4f3c'));
    const iv = hex('000102030405060708090a0b0c0d0e0f');
    expect(hexOf(cbc.encrypt(iv, hex('6bc1bee22e409f96e93d7e117393172a')))).toBe('7649abac8119b246cee98e9b12e9197d');
  });

  it.for(cbcs)('keeps a copy of the key of %s, and shows it nowhere', (name) => {
    const key = Uint8Array.from(randomBytes(cbcKeyLength[name]));
    const shown = [...key.subarray(0, 8)].join(',');
    const cbc = crypto.cbc(name, key);
    const encrypted = hexOf(cbc.encrypt(new Uint8Array(16), new Uint8Array(16)));
    expect(inspect(cbc, { depth: null, showHidden: true }).replaceAll(/\s/g, '')).not.toContain(shown);
    key.fill(0);
    expect(hexOf(cbc.encrypt(new Uint8Array(16), new Uint8Array(16)))).toBe(encrypted);
    expect(() => crypto.cbc(name, new Uint8Array(15))).toThrow(expect.objectContaining({ reason: 'internal-error' }));
  });

  it('takes keys and nonces of wrong length for mistakes of ours', () => {
    const internal = expect.objectContaining({ reason: 'internal-error' });
    const aead = crypto.aead('aes-128-gcm', new Uint8Array(16));
    expect(() => crypto.aead('aes-256-gcm', new Uint8Array(16))).toThrow(internal);
    expect(() => aead.seal(new Uint8Array(8), new Uint8Array(), new Uint8Array())).toThrow(TlsError);
    expect(() => aead.open(new Uint8Array(16), new Uint8Array(), new Uint8Array(16))).toThrow(internal);
  });

  it('finds equal what has the same length and content, and nothing else', () => {
    expect(crypto.equal(hex('0102'), hex('0102'))).toBe(true);
    expect(crypto.equal(hex(''), hex(''))).toBe(true);
    for (const other of ['0103', '0202', '01', '010200', '']) expect(crypto.equal(hex('0102'), hex(other))).toBe(false);
  });

  it('draws as many random bytes as it is asked for, other ones each time', () => {
    expect(crypto.randomBytes(0).length).toBe(0);
    expect(crypto.randomBytes(32).length).toBe(32);
    expect(hexOf(crypto.randomBytes(32))).not.toBe(hexOf(crypto.randomBytes(32)));
  });
});

describe('outputs of the native provider', () => {
  const aead = nativeCrypto.aead('aes-128-gcm', new Uint8Array(16));
  const ccm = nativeCrypto.aead('aes-128-ccm', new Uint8Array(16));
  const cbc = nativeCrypto.cbc('aes-128-cbc', new Uint8Array(16));
  const nonce = new Uint8Array(12);
  const keys = nativeCrypto.groups.map((group) => nativeCrypto.generateEphemeral(group));
  const signingKey = nativeCrypto.importPrivateKey(
    generateKeyPairSync('ed25519', { privateKeyEncoding: { format: 'der', type: 'pkcs8' } }).privateKey,
  );
  const outputs = [
    nativeCrypto.randomBytes(32),
    nativeCrypto.hash('sha256', nonce),
    nativeCrypto.hmac('sha256', nonce, nonce),
    nativeCrypto.runningHash('sha256').current(),
    aead.seal(nonce, nonce, nonce),
    aead.open(nonce, nonce, aead.seal(nonce, nonce, nonce)) ?? new Uint8Array(),
    ccm.seal(nonce, nonce, nonce),
    ccm.open(nonce, nonce, ccm.seal(nonce, nonce, nonce)) ?? new Uint8Array(),
    cbc.encrypt(new Uint8Array(16), new Uint8Array(16)),
    cbc.decrypt(new Uint8Array(16), new Uint8Array(16)),
    signingKey.spki,
    signingKey.sign(signingKey.schemes[0] ?? 0, nonce),
    ...keys.flatMap((key) => {
      const { share, secret } = nativeCrypto.respondToShare(key.group, key.share);
      return [key.share, key.exportPrivate(), key.agree(share), share, secret];
    }),
  ];

  it('are plain Uint8Arrays, of which slice() is a copy', () => {
    for (const output of outputs) expect(Object.getPrototypeOf(output)).toBe(Uint8Array.prototype);
  });

  it('share no memory with each other, nor with the pool of Buffer', () => {
    const pool = Buffer.from('pooled').buffer;
    expect(new Set(outputs.map(({ buffer }) => buffer)).size).toBe(outputs.length);
    for (const output of outputs) expect(output.buffer).not.toBe(pool);
  });
});
