import { createECDH, diffieHellman, generateKeyPairSync, randomBytes } from 'node:crypto';
import { inspect } from 'node:util';
import { NamedGroup, nameOf, TlsError } from '@handfast/wire';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createPortableCrypto, ffdheGroup } from './index.ts';
import { mlKemLength } from './ml-kem.ts';
import { nativeCrypto } from './native/index.ts';
import { portableMlKem } from './portable/ml-kem.ts';

const portableCrypto = createPortableCrypto((length) => Uint8Array.from(randomBytes(length)));
const providers = [nativeCrypto, portableCrypto];

const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'hex'));
const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const reasonOf = (run: () => unknown): string => {
  try {
    run();
  } catch (error) {
    return error instanceof TlsError ? error.reason : String(error);
  }
  return 'nothing thrown';
};

/** Bytes of a client's share, a server's share, the secret and an exported private key. */
const lengths: Readonly<Record<number, readonly [number, number, number, number]>> = {
  [NamedGroup.X25519MLKEM768]: [1216, 1120, 64, 96],
  [NamedGroup.x25519]: [32, 32, 32, 32],
  [NamedGroup.secp256r1]: [65, 65, 32, 32],
  [NamedGroup.secp384r1]: [97, 97, 48, 48],
  [NamedGroup.secp521r1]: [133, 133, 66, 66],
  [NamedGroup.SecP256r1MLKEM768]: [1249, 1153, 64, 96],
  [NamedGroup.SecP384r1MLKEM1024]: [1665, 1665, 80, 112],
  [NamedGroup.MLKEM768]: [1184, 1088, 32, 64],
  [NamedGroup.MLKEM1024]: [1568, 1568, 32, 64],
  [NamedGroup.ffdhe2048]: [256, 256, 256, 256],
  [NamedGroup.ffdhe3072]: [384, 384, 384, 384],
  [NamedGroup.ffdhe4096]: [512, 512, 512, 512],
};
const groups = Object.keys(lengths).map(Number);
const finiteFields: readonly number[] = [NamedGroup.ffdhe2048, NamedGroup.ffdhe3072, NamedGroup.ffdhe4096];
const named = groups.map((group) => [nameOf(NamedGroup, group), group] as const);

describe.each(providers)('groups of the $name provider', (crypto) => {
  it('are the hybrid first, then the curves, the cheapest first, and then all others', () => {
    expect(crypto.groups).toEqual([
      NamedGroup.X25519MLKEM768,
      NamedGroup.x25519,
      NamedGroup.secp256r1,
      NamedGroup.secp384r1,
      NamedGroup.secp521r1,
      NamedGroup.SecP256r1MLKEM768,
      NamedGroup.SecP384r1MLKEM1024,
      NamedGroup.MLKEM768,
      NamedGroup.MLKEM1024,
      ...finiteFields,
    ]);
  });

  it.for(named)('%s agrees with each provider, in shares and secrets of the lengths that TLS has', ([, group]) => {
    for (const peer of providers) {
      const key = crypto.generateEphemeral(group);
      const { share, secret } = peer.respondToShare(group, key.share);
      const agreed = key.agree(share);
      expect(hexOf(agreed)).toBe(hexOf(secret));
      expect([key.share.length, share.length, agreed.length, key.exportPrivate().length]).toEqual(lengths[group]);
    }
  });

  it.for(named)('%s reads an exported key, of either provider, back as the same key', ([, group]) => {
    for (const other of providers) {
      const key = crypto.generateEphemeral(group);
      const { share, secret } = other.respondToShare(group, key.share);
      const imported = other.importEphemeral(group, key.exportPrivate());
      expect(imported.group).toBe(group);
      expect(hexOf(imported.share)).toBe(hexOf(key.share));
      expect(hexOf(imported.agree(share))).toBe(hexOf(secret));
    }
  });

  it.for(named)('%s makes a fresh key each time', ([, group]) => {
    expect(hexOf(crypto.generateEphemeral(group).share)).not.toBe(hexOf(crypto.generateEphemeral(group).share));
  });

  it.for(named)('%s refuses shares of another length', ([, group]) => {
    const key = crypto.generateEphemeral(group);
    const { share } = crypto.respondToShare(group, key.share);
    for (const wrong of [new Uint8Array(), share.subarray(1), Uint8Array.of(...share, 0)]) {
      expect(reasonOf(() => key.agree(wrong))).toBe('invalid-key-share');
    }
    for (const wrong of [new Uint8Array(), key.share.subarray(1), Uint8Array.of(...key.share, 0)]) {
      expect(reasonOf(() => crypto.respondToShare(group, wrong))).toBe('invalid-key-share');
    }
  });

  it.for(named)('%s answers whatever comes with a secret or invalid-key-share', ([, group]) => {
    const [clientLength = 0, serverLength = 0] = lengths[group] ?? [];
    const key = crypto.generateEphemeral(group);
    const bytes = (length: number) =>
      fc.oneof(fc.uint8Array({ minLength: length, maxLength: length }), fc.uint8Array({ maxLength: 2 * length }));
    const runs = crypto.name === 'native' ? 200 : finiteFields.includes(group) ? 3 : 20;
    fc.assert(
      fc.property(bytes(serverLength), fc.boolean(), (share, isPoint) => {
        if (isPoint) share[0] = 4;
        expect(['invalid-key-share', 'nothing thrown']).toContain(reasonOf(() => key.agree(share)));
      }),
      { numRuns: runs },
    );
    fc.assert(
      fc.property(bytes(clientLength), fc.boolean(), (share, isPoint) => {
        if (isPoint) share[0] = 4;
        expect(['invalid-key-share', 'nothing thrown']).toContain(reasonOf(() => crypto.respondToShare(group, share)));
      }),
      { numRuns: runs },
    );
  });

  it.for(named)('%s has no private byte in what inspect and JSON show', ([, group]) => {
    const key = crypto.generateEphemeral(group);
    const exported = key.exportPrivate();
    const shown = inspect(key, { depth: null, showHidden: true, maxArrayLength: null }) + JSON.stringify(key);
    // The end, for an exponent begins with zeros.
    expect(shown.replaceAll(/\s/g, '')).not.toContain([...exported.subarray(-8)].join(','));
    expect(shown.replaceAll(/\s/g, '')).not.toContain(hexOf(exported.subarray(-8)));
    expect(shown).not.toContain('PrivateKeyObject');
  });

  it.for(named)('%s refuses an exported key of wrong length as a mistake of ours', ([, group]) => {
    const exported = crypto.generateEphemeral(group).exportPrivate();
    expect(reasonOf(() => crypto.importEphemeral(group, exported.subarray(1)))).toBe('internal-error');
  });

  it.for([NamedGroup.secp256r1, NamedGroup.secp384r1, NamedGroup.secp521r1])(
    'refuses an exported scalar that is zero or not below the order, for group %i',
    (group) => {
      const { length } = crypto.generateEphemeral(group).exportPrivate();
      for (const scalar of [new Uint8Array(length), new Uint8Array(length).fill(0xff)]) {
        expect(reasonOf(() => crypto.importEphemeral(group, scalar))).toBe('internal-error');
      }
    },
  );

  it.for(finiteFields)(
    'refuses a number that gives the secret away as a share of group %i, and an exponent of zero',
    (group) => {
      const { prime } = ffdheGroup(group);
      const key = crypto.generateEphemeral(group);
      const number = (value: bigint) => hex(value.toString(16).padStart(2 * prime.length, '0'));
      const p = BigInt(`0x${hexOf(prime)}`);
      for (const share of [0n, 1n, p - 1n, p, p + 1n].map(number)) {
        expect(reasonOf(() => key.agree(share))).toBe('invalid-key-share');
        expect(reasonOf(() => crypto.respondToShare(group, share))).toBe('invalid-key-share');
      }
      for (const share of [2n, p - 2n].map(number)) expect(reasonOf(() => key.agree(share))).toBe('nothing thrown');
      expect(reasonOf(() => crypto.importEphemeral(group, new Uint8Array(prime.length)))).toBe('internal-error');
    },
  );

  it('keep the leading zeros of a share and of a secret in a finite field (RFC 8446 section 7.4.1)', () => {
    const group = NamedGroup.ffdhe2048;
    const { prime } = ffdheGroup(group);
    const two = new Uint8Array(prime.length);
    two[prime.length - 1] = 2;
    const exponent = two.slice();
    exponent[prime.length - 1] = 10;
    // 2 to the power of 10 is 1024.
    const key = crypto.importEphemeral(group, exponent);
    const expected = `${'00'.repeat(prime.length - 2)}0400`;
    expect([hexOf(key.share), hexOf(key.agree(two)), hexOf(key.exportPrivate())]).toEqual([
      expected,
      expected,
      hexOf(exponent),
    ]);
  });

  it('refuse a group that they do not have', () => {
    expect(reasonOf(() => crypto.generateEphemeral(NamedGroup.x448))).toBe('internal-error');
  });

  it('agree as RFC 7748 section 6.1 does', () => {
    const alice = crypto.importEphemeral(
      NamedGroup.x25519,
      hex('77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a'),
    );
    expect(hexOf(alice.share)).toBe('8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a');
    const bob = hex('de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f');
    expect(hexOf(alice.agree(bob))).toBe('4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742');
  });

  it('abort on an all-zero X25519 result, alone and within the hybrid', () => {
    // Points of small order: 0, 1, and the order-8 point of RFC 7748's curve.
    const smallOrder = [
      '0'.repeat(64),
      `01${'0'.repeat(62)}`,
      'e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800',
    ].map(hex);
    for (const point of smallOrder) {
      expect(reasonOf(() => crypto.generateEphemeral(NamedGroup.x25519).agree(point))).toBe('invalid-key-share');
      expect(reasonOf(() => crypto.respondToShare(NamedGroup.x25519, point))).toBe('invalid-key-share');
      const hybrid = crypto.generateEphemeral(NamedGroup.X25519MLKEM768).share.slice();
      hybrid.set(point, mlKemLength['ML-KEM-768'].encapsulationKey);
      expect(reasonOf(() => crypto.respondToShare(NamedGroup.X25519MLKEM768, hybrid))).toBe('invalid-key-share');
    }
  });

  it('take points in uncompressed form only, and only those on the curve', () => {
    const key = crypto.generateEphemeral(NamedGroup.secp256r1);
    const peer = createECDH('prime256v1');
    peer.generateKeys();
    expect(reasonOf(() => key.agree(peer.getPublicKey(null, 'compressed')))).toBe('invalid-key-share');
    expect(reasonOf(() => key.agree(peer.getPublicKey(null, 'hybrid')))).toBe('invalid-key-share');
    const offCurve = Uint8Array.from(peer.getPublicKey());
    offCurve[64] = (offCurve[64] ?? 0) ^ 1;
    expect(reasonOf(() => key.agree(offCurve))).toBe('invalid-key-share');
  });

  it('refuse an ML-KEM key with a coefficient that is not reduced', () => {
    const share = crypto.generateEphemeral(NamedGroup.X25519MLKEM768).share.slice();
    // The first coefficient becomes 4095, which is above q - 1 = 3328 (FIPS 203 section 7.2).
    share[0] = 0xff;
    share[1] = (share[1] ?? 0) | 0x0f;
    expect(reasonOf(() => crypto.respondToShare(NamedGroup.X25519MLKEM768, share))).toBe('invalid-key-share');
  });

  it.for([
    [NamedGroup.X25519MLKEM768, 'ML-KEM-768', NamedGroup.x25519, 'first'],
    [NamedGroup.SecP256r1MLKEM768, 'ML-KEM-768', NamedGroup.secp256r1, 'last'],
    [NamedGroup.SecP384r1MLKEM1024, 'ML-KEM-1024', NamedGroup.secp384r1, 'last'],
  ] as const)(
    'put together hybrid %i of shares and secrets, with %s and %i, ML-KEM %s',
    ([group, name, other, place]) => {
      const isFirst = place === 'first';
      const { encapsulationKey, ciphertext } = mlKemLength[name];
      const halves = (whole: Uint8Array, kemLength: number) => {
        const end = isFirst ? kemLength : whole.length - kemLength;
        const [start, rest] = [whole.subarray(0, end), whole.subarray(end)];
        return isFirst ? { kem: start, curve: rest } : { kem: rest, curve: start };
      };
      const key = crypto.generateEphemeral(group);
      const exported = halves(key.exportPrivate(), 64);
      const kem = portableMlKem(name, () => new Uint8Array(32)).fromSeed(exported.kem);
      const curve = crypto.importEphemeral(other, exported.curve);
      const share = halves(key.share, encapsulationKey);
      expect([hexOf(share.kem), hexOf(share.curve)]).toEqual([hexOf(kem.encapsulationKey), hexOf(curve.share)]);
      const answer = crypto.respondToShare(group, key.share);
      const theirs = halves(answer.share, ciphertext);
      const secret = halves(answer.secret, 32);
      expect(hexOf(secret.kem)).toBe(hexOf(kem.decapsulate(theirs.kem)));
      expect(hexOf(secret.curve)).toBe(hexOf(curve.agree(theirs.curve)));
    },
  );

  it('give another secret, and no error, for an ML-KEM ciphertext that is not ours', () => {
    const key = crypto.generateEphemeral(NamedGroup.X25519MLKEM768);
    const { share, secret } = crypto.respondToShare(NamedGroup.X25519MLKEM768, key.share);
    const altered = Uint8Array.from(share);
    altered[0] = (altered[0] ?? 0) ^ 1;
    expect(hexOf(key.agree(altered))).not.toBe(hexOf(secret));
  });
});

describe('the primes of RFC 7919', () => {
  // SHA-256 of the primes that `openssl dhparam` of OpenSSL 3.0 writes for its groups of these names, big-endian.
  it.for([
    [NamedGroup.ffdhe2048, '9cd3b7f336872f46c09428d1bbc19877a4d440512cda8d1c1cf0cd6e33698966'],
    [NamedGroup.ffdhe3072, '0eaf67db3a839156d5013494a5318a772b5697d270d721f37f092efc69ea5a17'],
    [NamedGroup.ffdhe4096, '4648414224ac881b3d0dc59b466f96d06a558278776807797ecf1f66ff397b3e'],
  ] as const)('of group %i is that of OpenSSL', ([group, digest]) => {
    expect(hexOf(nativeCrypto.hash('sha256', ffdheGroup(group).prime))).toBe(digest);
  });
});

describe('a second opinion', () => {
  it('is that of the KeyObjects of node:crypto, for X25519 and P-256', () => {
    for (const [type, group, start] of [
      ['x25519', NamedGroup.x25519, 12],
      ['ec', NamedGroup.secp256r1, 26],
    ] as const) {
      const peer = generateKeyPairSync(type as 'ec', { namedCurve: 'P-256' });
      const key = portableCrypto.generateEphemeral(group);
      const prefix = peer.publicKey.export({ format: 'der', type: 'spki' }).subarray(0, start);
      const share = peer.publicKey.export({ format: 'der', type: 'spki' }).subarray(start);
      const publicKey = { key: Buffer.concat([prefix, key.share]), format: 'der', type: 'spki' } as const;
      const expected = diffieHellman({ privateKey: peer.privateKey, publicKey });
      expect(hexOf(key.agree(share))).toBe(hexOf(expected));
    }
  });
});
