import { TlsError } from '@handfast/wire';
import { DerError, DerReader, DerTag } from './der.ts';
import { type HashName, hashLength } from './provider.ts';

/** What a SubjectPublicKeyInfo says, for the kinds of key that TLS signs with. */
export type PublicKeyInfo = EcdsaKeyInfo | Ed25519KeyInfo | RsaKeyInfo;

export interface EcdsaKeyInfo {
  readonly kind: 'ecdsa-p256' | 'ecdsa-p384' | 'ecdsa-p521';
  readonly bits: number;
  /** Uncompressed: 4, x, y. Whether it lies on the curve is not known yet. */
  readonly point: Uint8Array;
}

export interface Ed25519KeyInfo {
  readonly kind: 'ed25519';
  readonly bits: number;
  readonly publicKey: Uint8Array;
}

export interface RsaKeyInfo {
  readonly kind: 'rsa' | 'rsa-pss';
  readonly bits: number;
  /** Big-endian, without leading zeros. */
  readonly modulus: Uint8Array;
  readonly exponent: Uint8Array;
  /** The one hash that an id-RSASSA-PSS key with parameters may be used with (RFC 4055 section 3.1). */
  readonly onlyHash: HashName | undefined;
}

/** An AlgorithmIdentifier, without the meaning of the key that follows it. */
export type KeyAlgorithm =
  | { readonly kind: EcdsaKeyInfo['kind']; readonly bits: number; readonly pointLength: number }
  | { readonly kind: 'ed25519' }
  | { readonly kind: 'rsa' | 'rsa-pss'; readonly onlyHash: HashName | undefined };

const oid = {
  rsaEncryption: '2a864886f70d010101',
  rsassaPss: '2a864886f70d01010a',
  mgf1: '2a864886f70d010108',
  ecPublicKey: '2a8648ce3d0201',
  ed25519: '2b6570',
} as const;

const curveByOid: ReadonlyMap<string, Extract<KeyAlgorithm, { readonly pointLength: number }>> = new Map([
  ['2a8648ce3d030107', { kind: 'ecdsa-p256', bits: 256, pointLength: 65 }],
  ['2b81040022', { kind: 'ecdsa-p384', bits: 384, pointLength: 97 }],
  ['2b81040023', { kind: 'ecdsa-p521', bits: 521, pointLength: 133 }],
]);

const hashByOid: ReadonlyMap<string, HashName> = new Map([
  ['608648016503040201', 'sha256'],
  ['608648016503040202', 'sha384'],
  ['608648016503040203', 'sha512'],
]);

/** Verification costs the square of the modulus, and the key is the peer's choice. */
const maxModulusBits = 8192;
const maxExponentBits = 32;

/**
 * Reads a SubjectPublicKeyInfo (RFC 5280 section 4.1.2.7, RFC 3279, RFC 4055, RFC 5480, RFC 8410).
 * @throws TlsError `certificate-unsupported` for a kind that is not known, or a malformed key.
 */
export function parsePublicKeyInfo(spki: Uint8Array): PublicKeyInfo {
  try {
    const outer = new DerReader(spki);
    const info = outer.readSequence();
    outer.end();
    const algorithm = parseKeyAlgorithm(info.read(DerTag.sequence));
    const key = info.readBitString();
    info.end();
    return readPublicKey(algorithm, key);
  } catch (error) {
    if (error instanceof DerError) throw new TlsError('certificate-unsupported', `public key: ${error.message}`);
    throw error;
  }
}

/**
 * @param content of an AlgorithmIdentifier, DER.
 * @throws DerError for an algorithm that is not known.
 */
export function parseKeyAlgorithm(content: Uint8Array): KeyAlgorithm {
  const identifier = new DerReader(content);
  const algorithm = readAlgorithm(identifier);
  identifier.end();
  return algorithm;
}

function readAlgorithm(identifier: DerReader): KeyAlgorithm {
  const algorithm = identifier.readObjectIdentifier();
  switch (algorithm) {
    case oid.rsaEncryption:
      readNull(identifier);
      return { kind: 'rsa', onlyHash: undefined };
    case oid.rsassaPss:
      return { kind: 'rsa-pss', onlyHash: identifier.isDone ? undefined : readPssHash(identifier) };
    case oid.ecPublicKey: {
      const curve = curveByOid.get(identifier.readObjectIdentifier());
      if (curve === undefined) throw new DerError('unknown curve');
      return curve;
    }
    case oid.ed25519:
      return { kind: 'ed25519' };
    default:
      throw new DerError('unknown algorithm');
  }
}

/**
 * The hash of RSASSA-PSS-params. TLS uses the same hash for MGF1 and a salt as long as it (RFC 8446 section 4.2.3),
 * so parameters that demand something else make a key that is of no use here.
 */
function readPssHash(identifier: DerReader): HashName {
  const parameters = identifier.readSequence();
  const hash = readHash(readTaggedSequence(parameters, 0));
  const maskGeneration = readTaggedSequence(parameters, 1);
  if (maskGeneration.readObjectIdentifier() !== oid.mgf1) throw new DerError('unknown mask generation');
  if (readHash(maskGeneration.readSequence()) !== hash) throw new DerError('MGF1 with another hash');
  maskGeneration.end();
  // The salt length is a minimum here, 20 where it is absent (RFC 4055 section 3.1).
  const salt = parameters.readOptional(DerTag.context(2));
  if (salt !== undefined) {
    const field = new DerReader(salt);
    const length = field.readPositiveInteger();
    field.end();
    if (length.length > 1 || (length[0] ?? 0) > hashLength[hash]) throw new DerError('salt longer than the hash');
  }
  parameters.end();
  return hash;
}

function readTaggedSequence(container: DerReader, number: number): DerReader {
  const wrapper = new DerReader(container.read(DerTag.context(number)));
  const sequence = wrapper.readSequence();
  wrapper.end();
  return sequence;
}

function readHash(identifier: DerReader): HashName {
  const hash = hashByOid.get(identifier.readObjectIdentifier());
  if (hash === undefined) throw new DerError('unknown hash');
  // RFC 4055 section 2.1: NULL and absent parameters are both accepted.
  if (!identifier.isDone) readNull(identifier);
  identifier.end();
  return hash;
}

function readNull(container: DerReader): void {
  if (container.read(DerTag.null).length !== 0) throw new DerError('NULL with content');
}

function readPublicKey(algorithm: KeyAlgorithm, key: Uint8Array): PublicKeyInfo {
  switch (algorithm.kind) {
    case 'rsa':
    case 'rsa-pss':
      return readRsaPublicKey(algorithm.kind, algorithm.onlyHash, key);
    case 'ed25519':
      if (key.length !== 32) throw new DerError('Ed25519 key that is not 32 bytes');
      return { kind: 'ed25519', bits: 256, publicKey: key };
    default:
      if (key.length !== algorithm.pointLength || key[0] !== 4) throw new DerError('point not in uncompressed form');
      return { kind: algorithm.kind, bits: algorithm.bits, point: key };
  }
}

function readRsaPublicKey(kind: 'rsa' | 'rsa-pss', onlyHash: HashName | undefined, key: Uint8Array): RsaKeyInfo {
  const outer = new DerReader(key);
  const rsa = outer.readSequence();
  outer.end();
  const modulus = rsa.readPositiveInteger();
  const exponent = rsa.readPositiveInteger();
  rsa.end();
  const bits = bitLength(modulus);
  if (bits > maxModulusBits) throw new DerError('RSA modulus too large');
  if (bitLength(exponent) > maxExponentBits) throw new DerError('RSA exponent too large');
  if (!isOdd(modulus) || !isOdd(exponent)) throw new DerError('even RSA modulus or exponent');
  if (exponent.length === 1 && exponent[0] === 1) throw new DerError('RSA exponent of one');
  return { kind, bits, modulus, exponent, onlyHash };
}

function isOdd(integer: Uint8Array): boolean {
  return ((integer[integer.length - 1] ?? 0) & 1) === 1;
}

/** The bit length of a big-endian integer without leading zeros. */
export function bitLength(integer: Uint8Array): number {
  return integer.length * 8 - (Math.clz32(integer[0] ?? 0) - 24);
}
