import {
  constants,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  generatePrimeSync,
  type KeyObject,
  privateEncrypt,
  publicDecrypt,
  randomBytes,
  sign,
  verify,
} from 'node:crypto';
import { inspect } from 'node:util';
import { SignatureScheme, TlsError } from '@handfast/wire';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeDer } from './der.ts';
import { createPortableCrypto, type PublicKeyKind } from './index.ts';
import { nativeCrypto } from './native/index.ts';
import { inverse, toBytes } from './portable/big-integers.ts';

const portableCrypto = createPortableCrypto((length) => Uint8Array.from(randomBytes(length)));
const providers = [nativeCrypto, portableCrypto];

const scheme = SignatureScheme;
const message = new TextEncoder().encode('the transcript');
const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const spkiOf = (key: KeyObject): Uint8Array => key.export({ format: 'der', type: 'spki' });
const pkcs8Of = (key: KeyObject): Uint8Array => key.export({ format: 'der', type: 'pkcs8' });
const ec = (namedCurve: string) => generateKeyPairSync('ec', { namedCurve });
const rsa = (modulusLength: number) => generateKeyPairSync('rsa', { modulusLength });
const reasonOf = (run: () => unknown): string => {
  try {
    run();
  } catch (error) {
    return error instanceof TlsError ? error.reason : String(error);
  }
  return 'nothing thrown';
};

/** RSASP1; undefined for what is not below the modulus. */
const signRaw = (key: KeyObject, representative: Uint8Array): Uint8Array | undefined => {
  try {
    return privateEncrypt({ key, padding: constants.RSA_NO_PADDING }, representative);
  } catch {
    return undefined;
  }
};

interface Case {
  readonly name: string;
  readonly pair: { readonly privateKey: KeyObject; readonly publicKey: KeyObject };
  readonly kind: PublicKeyKind;
  readonly bits: number;
  readonly schemes: readonly number[];
}

const pssKey = (hash: string): Case['pair'] =>
  generateKeyPairSync('rsa-pss', { modulusLength: 2048, hashAlgorithm: hash, mgf1HashAlgorithm: hash });
/** Of a size that node:crypto does not generate: the modulus has as many bits as both primes together. */
const rsaOfPrimes = (bits: readonly [number, number]): Case['pair'] => {
  const e = 65_537n;
  const [p, q] = bits.map((size) => generatePrimeSync(size, { bigint: true })) as [bigint, bigint];
  const d = inverse(e, (p - 1n) * (q - 1n));
  if (d === undefined || (p * q).toString(2).length !== bits[0] + bits[1]) return rsaOfPrimes(bits);
  const text = (integer: bigint): string =>
    Buffer.from(toBytes(integer, Math.ceil(integer.toString(16).length / 2))).toString('base64url');
  const integers = { n: p * q, e, d, p, q, dp: d % (p - 1n), dq: d % (q - 1n), qi: inverse(q, p) ?? 0n };
  const jwk = Object.fromEntries(Object.entries(integers).map(([name, integer]) => [name, text(integer)]));
  const privateKey = createPrivateKey({ key: { kty: 'RSA', ...jwk }, format: 'jwk' });
  return { privateKey, publicKey: createPublicKey(privateKey) };
};
/** Each hash, that of the curve first. */
const ecdsaSchemes = (first: 0 | 1 | 2): readonly number[] => {
  const all = [scheme.ecdsa_secp256r1_sha256, scheme.ecdsa_secp384r1_sha384, scheme.ecdsa_secp521r1_sha512];
  return [...new Set([...all.slice(first, first + 1), ...all])];
};
const rsaSchemes = [
  scheme.rsa_pss_rsae_sha256,
  scheme.rsa_pss_rsae_sha384,
  scheme.rsa_pss_rsae_sha512,
  scheme.rsa_pkcs1_sha256,
  scheme.rsa_pkcs1_sha384,
  scheme.rsa_pkcs1_sha512,
];
const rsaPair = rsa(2048);
const rsaPssPair: Case['pair'] = generateKeyPairSync('rsa-pss', { modulusLength: 2048 });
const rsa2049Pair = rsaOfPrimes([1025, 1024]);
const p256Pair = ec('P-256');
const p384Pair = ec('P-384');
/** AlgorithmIdentifier of rsaEncryption, with its tag and length. */
const rsaAlgorithm = spkiOf(rsaPair.publicKey).subarray(4, 19);

const cases: readonly Case[] = [
  { name: 'P-256', pair: p256Pair, kind: 'ecdsa-p256', bits: 256, schemes: ecdsaSchemes(0) },
  { name: 'P-384', pair: p384Pair, kind: 'ecdsa-p384', bits: 384, schemes: ecdsaSchemes(1) },
  { name: 'P-521', pair: ec('P-521'), kind: 'ecdsa-p521', bits: 521, schemes: ecdsaSchemes(2) },
  { name: 'Ed25519', pair: generateKeyPairSync('ed25519'), kind: 'ed25519', bits: 256, schemes: [scheme.ed25519] },
  { name: 'RSA', pair: rsaPair, kind: 'rsa', bits: 2048, schemes: rsaSchemes },
  // A modulus of 8n + 1 bits has an encoded message that is a byte shorter (RFC 8017 section 9.1.1).
  { name: 'RSA of 2049 bits', pair: rsa2049Pair, kind: 'rsa', bits: 2049, schemes: rsaSchemes },
  { name: 'RSA of 2054 bits', pair: rsa(2054), kind: 'rsa', bits: 2054, schemes: rsaSchemes },
  {
    name: 'RSA-PSS',
    pair: rsaPssPair,
    kind: 'rsa-pss',
    bits: 2048,
    schemes: [scheme.rsa_pss_pss_sha256, scheme.rsa_pss_pss_sha384, scheme.rsa_pss_pss_sha512],
  },
  {
    name: 'RSA-PSS for SHA-384 only',
    pair: pssKey('sha384'),
    kind: 'rsa-pss',
    bits: 2048,
    schemes: [scheme.rsa_pss_pss_sha384],
  },
];

describe.each(providers)('keys of the $name provider', (crypto) => {
  it.for(cases)('$name: kind, size, public half and schemes are those of the key', ({ pair, kind, bits, schemes }) => {
    const privateKey = crypto.importPrivateKey(pkcs8Of(pair.privateKey));
    expect(privateKey.kind).toBe(kind);
    expect(privateKey.schemes).toEqual(schemes);
    expect(hexOf(privateKey.spki)).toBe(hexOf(spkiOf(pair.publicKey)));
    const publicKey = crypto.importPublicKey(spkiOf(pair.publicKey));
    expect([publicKey.kind, publicKey.bits]).toEqual([kind, bits]);
  });

  it.for(cases)('$name: each provider verifies each scheme, and nothing that is altered', ({ pair, schemes }) => {
    const privateKey = crypto.importPrivateKey(pkcs8Of(pair.privateKey));
    for (const verifier of providers) {
      const publicKey = verifier.importPublicKey(privateKey.spki);
      for (const code of schemes) {
        const signature = privateKey.sign(code, message);
        expect(publicKey.verify(code, message, signature)).toBe(true);
        expect(publicKey.verify(code, message.subarray(1), signature)).toBe(false);
        const altered = Uint8Array.from(signature);
        altered[altered.length - 1] = (altered.at(-1) ?? 0) ^ 1;
        expect(publicKey.verify(code, message, altered)).toBe(false);
      }
    }
  });

  it.for(cases)('$name: no scheme but its own verifies, whatever signed', ({ pair, kind, schemes }) => {
    const privateKey = crypto.importPrivateKey(pkcs8Of(pair.privateKey));
    const publicKey = crypto.importPublicKey(privateKey.spki);
    const signature = privateKey.sign(schemes[0] ?? 0, message);
    for (const code of Object.values(scheme)) {
      if (code !== schemes[0]) expect(publicKey.verify(code, message, signature)).toBe(false);
      if (!schemes.includes(code)) expect(reasonOf(() => privateKey.sign(code, message))).toBe('internal-error');
    }
    expect(kind).toBe(publicKey.kind);
  });

  it.for(cases)('$name: no secret in what inspect and JSON show', ({ pair }) => {
    const key = crypto.importPrivateKey(pkcs8Of(pair.privateKey));
    expect(Object.keys(key).sort()).toEqual(['kind', 'schemes', 'spki']);
    expect(Object.keys(JSON.parse(JSON.stringify(key))).sort()).toEqual(['kind', 'schemes', 'spki']);
    const shown = inspect(key, { depth: null, showHidden: true, maxArrayLength: null, maxStringLength: null });
    expect(shown).not.toMatch(/KeyObject|#|bigint|\d{30}/);
  });

  it.for(cases)('$name: malformed signatures are false, of whatever bytes', ({ pair, schemes }) => {
    const publicKey = crypto.importPublicKey(spkiOf(pair.publicKey));
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.constantFrom(...schemes), (signature, code) => {
        expect(publicKey.verify(code, message, signature)).toBe(false);
      }),
      { numRuns: 20 },
    );
  });

  it('verify ECDSA over each hash with each curve, as TLS 1.2 needs', () => {
    for (const { privateKey, publicKey } of [p256Pair, p384Pair]) {
      const key = crypto.importPublicKey(spkiOf(publicKey));
      for (const [hash, code] of [
        ['sha256', scheme.ecdsa_secp256r1_sha256],
        ['sha384', scheme.ecdsa_secp384r1_sha384],
        ['sha512', scheme.ecdsa_secp521r1_sha512],
      ] as const) {
        expect(key.verify(code, message, sign(hash, message, privateKey))).toBe(true);
      }
    }
  });

  it('refuse SHA-1, also where it signed', () => {
    const key = crypto.importPublicKey(spkiOf(rsaPair.publicKey));
    expect(key.verify(scheme.rsa_pkcs1_sha1, message, sign('sha1', message, rsaPair.privateKey))).toBe(false);
    const ecdsa = crypto.importPublicKey(spkiOf(p256Pair.publicKey));
    expect(ecdsa.verify(scheme.ecdsa_sha1, message, sign('sha1', message, p256Pair.privateKey))).toBe(false);
  });

  it('verify RSA-PSS with a salt as long as the hash, and with no other', () => {
    const key = crypto.importPublicKey(spkiOf(rsaPair.publicKey));
    for (const [saltLength, expected] of [
      [32, true],
      [0, false],
      [31, false],
      [20, false],
      [64, false],
    ] as const) {
      const signature = sign('sha256', message, { key: rsaPair.privateKey, padding: 6, saltLength });
      expect(key.verify(scheme.rsa_pss_rsae_sha256, message, signature)).toBe(expected);
    }
  });

  it('refuse RSA-PSS where what was signed does not fit into the encoded message', () => {
    // The encoded message of 2049 bits is a byte shorter than the modulus; here the byte before it is not zero.
    const { privateKey, publicKey } = rsa2049Pair;
    const padding = constants.RSA_NO_PADDING;
    const pss = { key: privateKey, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 };
    const key = crypto.importPublicKey(spkiOf(publicKey));
    for (;;) {
      const signature = sign('sha256', message, pss);
      const encoded = publicDecrypt({ key: publicKey, padding }, signature);
      expect([encoded[0], encoded.at(-1)]).toEqual([0, 0xbc]);
      encoded[0] = 1;
      const altered = signRaw(privateKey, encoded);
      if (altered === undefined) continue;
      expect(key.verify(scheme.rsa_pss_rsae_sha256, message, signature)).toBe(true);
      expect(key.verify(scheme.rsa_pss_rsae_sha256, message, altered)).toBe(false);
      break;
    }
  });

  it('sign what node:crypto verifies', () => {
    const key = crypto.importPrivateKey(pkcs8Of(rsaPair.privateKey));
    const pss = { key: rsaPair.publicKey, padding: 6, saltLength: 48 };
    expect(verify('sha384', message, pss, key.sign(scheme.rsa_pss_rsae_sha384, message))).toBe(true);
    expect(verify('sha384', message, rsaPair.publicKey, key.sign(scheme.rsa_pkcs1_sha384, message))).toBe(true);
    const ecdsa = crypto.importPrivateKey(pkcs8Of(p256Pair.privateKey));
    const signature = ecdsa.sign(scheme.ecdsa_secp256r1_sha256, message);
    expect(verify('sha256', message, p256Pair.publicKey, signature)).toBe(true);
  });

  it('refuse as configuration-invalid what is no private key that TLS signs with', () => {
    const pkcs8 = pkcs8Of(p256Pair.privateKey);
    const wrong = [
      new Uint8Array(),
      randomBytes(100),
      pkcs8.subarray(0, -1),
      spkiOf(p256Pair.publicKey),
      pkcs8Of(ec('secp256k1').privateKey),
      pkcs8Of(generateKeyPairSync('x25519').privateKey),
      pkcs8Of(generateKeyPairSync('ed448').privateKey),
    ];
    for (const bytes of wrong) expect(reasonOf(() => crypto.importPrivateKey(bytes))).toBe('configuration-invalid');
  });

  it('refuse to sign with RSA keys of less than 2048 bits, but say the size of public ones', () => {
    const small = rsa(1024);
    expect(reasonOf(() => crypto.importPrivateKey(pkcs8Of(small.privateKey)))).toBe('configuration-invalid');
    const key = crypto.importPublicKey(spkiOf(small.publicKey));
    expect(key.bits).toBe(1024);
    expect(key.verify(scheme.rsa_pkcs1_sha256, message, sign('sha256', message, small.privateKey))).toBe(true);
    // A salt and a hash of 64 bytes each do not fit into 1024 bits.
    expect(key.verify(scheme.rsa_pss_rsae_sha512, message, new Uint8Array(128))).toBe(false);
  });

  it('refuse as certificate-unsupported what is no public key that TLS verifies with', () => {
    const spki = Uint8Array.from(spkiOf(p256Pair.publicKey));
    const offCurve = Uint8Array.from(spki);
    offCurve[90] = (offCurve[90] ?? 0) ^ 1;
    const wrong = [
      new Uint8Array(),
      spki.subarray(0, -1),
      Uint8Array.of(...spki, 0),
      offCurve,
      pkcs8Of(p256Pair.privateKey),
      spkiOf(ec('secp256k1').publicKey),
      spkiOf(generateKeyPairSync('x25519').publicKey),
      spkiOf(generateKeyPairSync('ed448').publicKey),
    ];
    for (const bytes of wrong) expect(reasonOf(() => crypto.importPublicKey(bytes))).toBe('certificate-unsupported');
  });

  it.for([
    ['an even modulus', 256, 0xfe, [3]],
    ['a modulus of more than 8192 bits', 1025, 0xff, [3]],
    ['an even exponent', 256, 0xff, [2]],
    ['an exponent of one', 256, 0xff, [1]],
    ['an exponent of more than 32 bits', 256, 0xff, [1, 0, 0, 0, 1]],
  ] as const)('refuse an RSA key with %s', ([, length, lastByte, exponent]) => {
    const modulus = new Uint8Array(1 + length).fill(0xff, 1);
    modulus[length] = lastByte;
    const key = encodeDer(0x30, encodeDer(2, modulus), encodeDer(2, Uint8Array.from(exponent)));
    const spki = encodeDer(0x30, rsaAlgorithm, encodeDer(3, new Uint8Array(1), key));
    expect(reasonOf(() => crypto.importPublicKey(spki))).toBe('certificate-unsupported');
  });

  it.for(cases)('$name: an altered public key is read or refused, and nothing else', ({ pair }) => {
    const spki = spkiOf(pair.publicKey);
    fc.assert(
      fc.property(fc.nat(Math.min(spki.length - 1, 60)), fc.integer({ min: 1, max: 255 }), (at, difference) => {
        const altered = Uint8Array.from(spki);
        altered[at] = (altered[at] ?? 0) ^ difference;
        expect(['nothing thrown', 'certificate-unsupported']).toContain(
          reasonOf(() => crypto.importPublicKey(altered)),
        );
      }),
      { numRuns: 200 },
    );
  });
});

describe('the two providers', () => {
  it.for(cases)('take the same public keys, $name with any one byte altered', ({ pair }) => {
    const spki = spkiOf(pair.publicKey);
    for (let at = 0; at < Math.min(spki.length, 90); at += 1) {
      const altered = Uint8Array.from(spki);
      altered[at] = (altered[at] ?? 0) ^ 0x40;
      const [native, portable] = providers.map((crypto) => reasonOf(() => crypto.importPublicKey(altered)));
      expect(`byte ${at}: ${portable}`).toBe(`byte ${at}: ${native}`);
    }
  });
});

describe('RSA signatures of the portable provider', () => {
  it('are not made with a key whose halves do not fit', () => {
    const jwk = rsaPair.privateKey.export({ format: 'jwk' });
    const integer = (text = ''): Uint8Array => encodeDer(2, Uint8Array.of(0, ...Buffer.from(text, 'base64url')));
    const trimmed = (text = ''): Uint8Array => {
      const bytes = Buffer.from(text, 'base64url');
      return (bytes[0] ?? 0) >= 0x80 ? integer(text) : encodeDer(2, bytes);
    };
    const { n, e, d, p, q, dp, dq, qi } = jwk;
    const fields = [n, e, d, p, q, dq, dp, qi].map(trimmed);
    const key = encodeDer(0x30, encodeDer(2, Uint8Array.of(0)), ...fields);
    const pkcs8 = encodeDer(0x30, encodeDer(2, Uint8Array.of(0)), rsaAlgorithm, encodeDer(4, key));
    const faulty = portableCrypto.importPrivateKey(pkcs8);
    expect(reasonOf(() => faulty.sign(scheme.rsa_pkcs1_sha256, message))).toBe('internal-error');
  });

  it('are blinded with fresh randomness, and the same nevertheless', () => {
    const drawn: number[] = [];
    const crypto = createPortableCrypto((length) => {
      drawn.push(length);
      return Uint8Array.from(randomBytes(length));
    });
    const key = crypto.importPrivateKey(pkcs8Of(rsaPair.privateKey));
    const signatures = [1, 2].map(() => hexOf(key.sign(scheme.rsa_pkcs1_sha256, message)));
    expect(signatures[0]).toBe(signatures[1]);
    expect(drawn).toEqual([264, 264]);
  });
});
