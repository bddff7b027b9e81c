import { DerError, DerReader, DerTag } from '../der.ts';
import { type EcdsaKeyInfo, type KeyAlgorithm, parseKeyAlgorithm } from '../public-key-info.ts';

/** What a PrivateKeyInfo says, for the kinds of key that TLS signs with. Integers are big-endian. */
export type PrivateKeyInfo = {
  /** Content of the AlgorithmIdentifier, which is the same in the SubjectPublicKeyInfo. */
  readonly algorithm: Uint8Array;
} & (
  | { readonly kind: EcdsaKeyInfo['kind']; readonly scalar: Uint8Array }
  | { readonly kind: 'ed25519'; readonly seed: Uint8Array }
  | ({ readonly kind: 'rsa' | 'rsa-pss' } & RsaIntegers)
);

/** RSAPrivateKey, without the private exponent, which the four that follow stand for (RFC 8017 appendix A.1.2). */
export interface RsaIntegers {
  readonly modulus: Uint8Array;
  readonly publicExponent: Uint8Array;
  readonly prime1: Uint8Array;
  readonly prime2: Uint8Array;
  readonly exponent1: Uint8Array;
  readonly exponent2: Uint8Array;
  readonly coefficient: Uint8Array;
}

/**
 * Reads a PrivateKeyInfo (RFC 5208, RFC 5958).
 * @throws DerError for what is not a key of a known kind.
 */
export function parsePrivateKeyInfo(pkcs8: Uint8Array): PrivateKeyInfo {
  const outer = new DerReader(pkcs8);
  const info = outer.readSequence();
  outer.end();
  readVersion(info, 0, 1);
  const algorithm = info.read(DerTag.sequence);
  const key = info.read(DerTag.octetString);
  // Attributes and a public key may follow; neither says anything that is needed.
  return { algorithm, ...readPrivateKey(parseKeyAlgorithm(algorithm), new DerReader(key)) };
}

function readPrivateKey(algorithm: KeyAlgorithm, key: DerReader) {
  switch (algorithm.kind) {
    case 'rsa':
    case 'rsa-pss':
      return { kind: algorithm.kind, ...readRsaPrivateKey(key) };
    case 'ed25519': {
      const seed = key.read(DerTag.octetString);
      key.end();
      return { kind: algorithm.kind, seed };
    }
    default:
      return { kind: algorithm.kind, scalar: readEcPrivateKey(key) };
  }
}

/** RFC 5915 section 3. */
function readEcPrivateKey(key: DerReader): Uint8Array {
  const sequence = key.readSequence();
  key.end();
  readVersion(sequence, 1);
  return sequence.read(DerTag.octetString);
}

function readRsaPrivateKey(key: DerReader): RsaIntegers {
  const sequence = key.readSequence();
  key.end();
  // Version 1 is that of keys with more than two primes.
  readVersion(sequence, 0);
  const modulus = sequence.readPositiveInteger();
  const publicExponent = sequence.readPositiveInteger();
  sequence.readPositiveInteger();
  const integers = {
    modulus,
    publicExponent,
    prime1: sequence.readPositiveInteger(),
    prime2: sequence.readPositiveInteger(),
    exponent1: sequence.readPositiveInteger(),
    exponent2: sequence.readPositiveInteger(),
    coefficient: sequence.readPositiveInteger(),
  };
  sequence.end();
  return integers;
}

function readVersion(container: DerReader, ...known: readonly number[]): void {
  const version = container.read(DerTag.integer);
  if (version.length !== 1 || !known.includes(version[0] ?? -1)) throw new DerError('unknown version');
}
