import { createCipheriv, createHash, createHmac, generateKeyPairSync, randomBytes } from 'node:crypto';
import { inspect } from 'node:util';
import { TlsError } from '@handfast/wire';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type AeadName, aeadKeyLength, createPortableCrypto, type HashName, hashLength } from './index.ts';
import { nativeCrypto } from './native/index.ts';

const portableCrypto = createPortableCrypto((length) => Uint8Array.from(randomBytes(length)));
const hashes = Object.keys(hashLength) as HashName[];
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
    }
  });

  it.for(hashes)('makes HMACs with %s as node:crypto does, for keys of any length', (hash) => {
    for (const length of [0, 1, 32, 64, 65, 128, 129, 300, 600]) {
      const [key, data] = [randomBytes(length), randomBytes(length + 3)];
      expect(hexOf(crypto.hmac(hash, key, data))).toBe(createHmac(hash, key).update(data).digest('hex'));
    }
  });

  it('makes the HMAC of any key and data, whatever it made one of before', () => {
    const input = fc.tuple(fc.constantFrom(...hashes), bytesAround(64, 128), bytesAround(384, 448, 512));
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

  it.for(aeads)('seals with %s as node:crypto does, and opens it', (name) => {
    for (const length of [0, 1, 16, 17, 1000, 16_384]) {
      const [key, nonce, data] = [randomBytes(aeadKeyLength[name]), randomBytes(12), randomBytes(5)];
      const plaintext = randomBytes(length);
      const cipher = createCipheriv(name as 'aes-128-gcm', key, nonce, { authTagLength: 16 });
      cipher.setAAD(data);
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
    const apart = new Uint8Array(116);
    aead.sealInto(nonce, data, plaintext, apart);
    expect(hexOf(apart)).toBe(expected);
    const inPlace = Uint8Array.of(...plaintext, ...new Uint8Array(16));
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
    for (let length = 0; length < 16; length += 1) {
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
