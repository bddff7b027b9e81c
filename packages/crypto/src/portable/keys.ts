import { TlsError } from '@handfast/wire';
import { ed25519 } from '@noble/curves/ed25519.js';
import { unpadPremaster } from '../premaster.ts';
import type { PrivateKey, PublicKey, PublicKeyKind } from '../provider.ts';
import { type PublicKeyInfo, parsePublicKeyInfo } from '../public-key-info.ts';
import { type SignatureAlgorithm, signableSchemes, verifiableSchemes } from '../signature-schemes.ts';
import { checkSigningKey, noEncryptionKey, noKeyTransport, unknownScheme } from '../signing-key.ts';
import { isOnCurve, signEcdsa, verifyEcdsa } from './ecdsa.ts';
import { encodePublicKeyInfo } from './encode-public-key-info.ts';
import { type PrivateKeyInfo, parsePrivateKeyInfo } from './private-key-info.ts';
import type { RandomBytes } from './random-bytes.ts';
import { decryptPadded, rsaPrivateKey, rsaPublicKey } from './rsa.ts';
import { encryptPkcs1 } from './rsa-encryption.ts';
import { signRsa, verifyRsa } from './rsa-signatures.ts';

type Sign = (algorithm: SignatureAlgorithm, message: Uint8Array) => Uint8Array;
type Verify = (algorithm: SignatureAlgorithm, message: Uint8Array, signature: Uint8Array) => boolean;
/** The decrypted block, with its padding. */
type Decrypt = (encrypted: Uint8Array) => Uint8Array;
/** undefined where the key is too short for the message. */
type Encrypt = (message: Uint8Array) => Uint8Array | undefined;

class PortablePrivateKey implements PrivateKey {
  readonly kind: PublicKeyKind;
  readonly spki: Uint8Array;
  readonly schemes: readonly number[];
  readonly #algorithms: ReadonlyMap<number, SignatureAlgorithm>;
  readonly #sign: Sign;
  readonly #decrypt: Decrypt | undefined;

  constructor(spki: Uint8Array, info: PublicKeyInfo, sign: Sign, decrypt: Decrypt | undefined) {
    this.kind = info.kind;
    this.spki = spki;
    this.#algorithms = signableSchemes(info);
    this.schemes = [...this.#algorithms.keys()];
    this.#sign = sign;
    this.#decrypt = decrypt;
  }

  sign(scheme: number, message: Uint8Array): Uint8Array {
    const algorithm = this.#algorithms.get(scheme);
    if (algorithm === undefined) throw unknownScheme(scheme, this.kind);
    return this.#sign(algorithm, message);
  }

  decryptPremaster(encrypted: Uint8Array, version: number, substitute: Uint8Array): Uint8Array {
    if (this.#decrypt === undefined) throw noKeyTransport(this.kind);
    return unpadPremaster(this.#decrypt(encrypted), version, substitute);
  }
}

class PortablePublicKey implements PublicKey {
  readonly kind: PublicKeyKind;
  readonly bits: number;
  readonly #algorithms: ReadonlyMap<number, SignatureAlgorithm>;
  readonly #verify: Verify;
  readonly #encrypt: Encrypt | undefined;

  constructor(info: PublicKeyInfo, verify: Verify, encrypt: Encrypt | undefined) {
    this.kind = info.kind;
    this.bits = info.bits;
    this.#algorithms = verifiableSchemes(info);
    this.#verify = verify;
    this.#encrypt = encrypt;
  }

  verify(scheme: number, message: Uint8Array, signature: Uint8Array): boolean {
    const algorithm = this.#algorithms.get(scheme);
    return algorithm !== undefined && this.#verify(algorithm, message, signature);
  }

  encryptPremaster(premaster: Uint8Array): Uint8Array {
    const encrypted = this.#encrypt?.(premaster);
    if (encrypted === undefined) throw noEncryptionKey(this);
    return encrypted;
  }
}

export function importPrivateKey(pkcs8: Uint8Array, randomBytes: RandomBytes): PrivateKey {
  // The caller may clear or reuse what it passed.
  const { key, spki, info } = readPrivateKey(new Uint8Array(pkcs8));
  checkSigningKey(info);
  return new PortablePrivateKey(spki, info, signer(key, randomBytes), decrypter(key, randomBytes));
}

function readPrivateKey(pkcs8: Uint8Array): {
  readonly key: PrivateKeyInfo;
  readonly spki: Uint8Array;
  readonly info: PublicKeyInfo;
} {
  try {
    const key = parsePrivateKeyInfo(pkcs8);
    const spki = encodePublicKeyInfo(key);
    return { key, spki, info: parsePublicKeyInfo(spki) };
  } catch {
    // Without a cause: nothing of what was parsed may end up in a log.
    throw new TlsError('configuration-invalid', 'not a PKCS#8 private key of a known kind');
  }
}

function signer(key: PrivateKeyInfo, randomBytes: RandomBytes): Sign {
  switch (key.kind) {
    case 'rsa':
    case 'rsa-pss': {
      const rsa = rsaPrivateKey(key);
      return (algorithm, message) => signRsa(rsa, algorithm, message, randomBytes);
    }
    case 'ed25519':
      return (_, message) => ed25519.sign(message, key.seed);
    default:
      return ({ hash }, message) => signEcdsa(key.kind, key.scalar, hash, message);
  }
}

function decrypter(key: PrivateKeyInfo, randomBytes: RandomBytes): Decrypt | undefined {
  if (key.kind !== 'rsa') return undefined;
  const rsa = rsaPrivateKey(key);
  // What is out of range is so for all to see. Zeros have no padding.
  return (encrypted) => decryptPadded(rsa, encrypted, randomBytes) ?? new Uint8Array(rsa.publicKey.length);
}

export function importPublicKey(spki: Uint8Array, randomBytes: RandomBytes): PublicKey {
  const info = parsePublicKeyInfo(new Uint8Array(spki));
  return new PortablePublicKey(info, verifier(info), encrypter(info, randomBytes));
}

function encrypter(info: PublicKeyInfo, randomBytes: RandomBytes): Encrypt | undefined {
  if (info.kind !== 'rsa') return undefined;
  const rsa = rsaPublicKey(info);
  return (message) => encryptPkcs1(rsa, message, randomBytes);
}

function verifier(info: PublicKeyInfo): Verify {
  switch (info.kind) {
    case 'rsa':
    case 'rsa-pss': {
      const rsa = rsaPublicKey(info);
      return (algorithm, message, signature) => verifyRsa(rsa, algorithm, message, signature);
    }
    case 'ed25519':
      return (_, message, signature) => verifyEd25519(info.publicKey, message, signature);
    default:
      if (!isOnCurve(info.kind, info.point))
        throw new TlsError('certificate-unsupported', 'public key: point not on its curve');
      return ({ hash }, message, signature) => verifyEcdsa(info.kind, info.point, hash, message, signature);
  }
}

function verifyEd25519(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  try {
    // As RFC 8032 section 5.1.7 has it, and not with the looser rules that noble has for consensus.
    return ed25519.verify(signature, message, publicKey, { zip215: false });
  } catch {
    return false;
  }
}
