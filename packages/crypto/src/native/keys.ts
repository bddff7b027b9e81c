import {
  constants,
  createPrivateKey,
  createPublicKey,
  type KeyObject,
  privateDecrypt,
  publicEncrypt,
  sign,
  verify,
} from 'node:crypto';
import { TlsError } from '@handfast/wire';
import { leastPadding, premasterLength, unpadPremaster } from '../premaster.ts';
import type { PrivateKey, PublicKey, PublicKeyKind } from '../provider.ts';
import { type PublicKeyInfo, parsePublicKeyInfo } from '../public-key-info.ts';
import { type SignatureAlgorithm, signableSchemes, verifiableSchemes } from '../signature-schemes.ts';
import { checkSigningKey, noEncryptionKey, noKeyTransport, unknownScheme } from '../signing-key.ts';
import { plain } from './plain.ts';

/** Everything that node:crypto must be told for one scheme, put together once. */
interface KeyUse {
  /** null where the hash is part of the algorithm. */
  readonly hash: string | null;
  readonly input: { readonly key: KeyObject; readonly padding?: number; readonly saltLength?: number };
}

class NativePrivateKey implements PrivateKey {
  readonly kind: PublicKeyKind;
  readonly spki: Uint8Array;
  readonly schemes: readonly number[];
  readonly #key: KeyObject;
  readonly #length: number;
  readonly #uses: ReadonlyMap<number, KeyUse>;

  constructor(key: KeyObject, spki: Uint8Array, info: PublicKeyInfo) {
    this.kind = info.kind;
    this.spki = spki;
    this.#key = key;
    this.#length = Math.ceil(info.bits / 8);
    this.#uses = keyUses(key, signableSchemes(info));
    this.schemes = [...this.#uses.keys()];
  }

  sign(scheme: number, message: Uint8Array): Uint8Array {
    const use = this.#uses.get(scheme);
    if (use === undefined) throw unknownScheme(scheme, this.kind);
    return plain(sign(use.hash, message, use.input));
  }

  decryptPremaster(encrypted: Uint8Array, version: number, substitute: Uint8Array): Uint8Array {
    if (this.kind !== 'rsa') throw noKeyTransport(this.kind);
    return unpadPremaster(this.#decryptPadded(encrypted), version, substitute);
  }

  /** The padding is taken off elsewhere: what node:crypto says of it is an error or not, and takes a time. */
  #decryptPadded(encrypted: Uint8Array): Uint8Array {
    try {
      return privateDecrypt({ key: this.#key, padding: constants.RSA_NO_PADDING }, encrypted);
    } catch {
      // Out of range, as everybody can see. Zeros have no padding.
      return new Uint8Array(this.#length);
    }
  }
}

class NativePublicKey implements PublicKey {
  readonly kind: PublicKeyKind;
  readonly bits: number;
  readonly #key: KeyObject;
  readonly #uses: ReadonlyMap<number, KeyUse>;

  constructor(key: KeyObject, info: PublicKeyInfo) {
    this.kind = info.kind;
    this.bits = info.bits;
    this.#key = key;
    this.#uses = keyUses(key, verifiableSchemes(info));
  }

  verify(scheme: number, message: Uint8Array, signature: Uint8Array): boolean {
    const use = this.#uses.get(scheme);
    if (use === undefined) return false;
    try {
      return verify(use.hash, message, use.input, signature);
    } catch {
      // Signatures of some malformed kinds are an error to OpenSSL, not a mismatch.
      return false;
    }
  }

  encryptPremaster(premaster: Uint8Array): Uint8Array {
    if (this.kind !== 'rsa' || this.bits < 8 * (premasterLength + leastPadding)) throw noEncryptionKey(this);
    return plain(publicEncrypt({ key: this.#key, padding: constants.RSA_PKCS1_PADDING }, premaster));
  }
}

export function importPrivateKey(pkcs8: Uint8Array): PrivateKey {
  let key: KeyObject;
  let spki: Uint8Array;
  let info: PublicKeyInfo;
  try {
    key = createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' });
    spki = plain(createPublicKey(key).export({ format: 'der', type: 'spki' }));
    info = parsePublicKeyInfo(spki);
  } catch {
    // Without a cause: nothing of what was parsed may end up in a log.
    throw new TlsError('configuration-invalid', 'not a PKCS#8 private key of a known kind');
  }
  checkSigningKey(info);
  return new NativePrivateKey(key, spki, info);
}

export function importPublicKey(spki: Uint8Array): PublicKey {
  const info = parsePublicKeyInfo(spki);
  return new NativePublicKey(importSpki(spki), info);
}

function importSpki(spki: Uint8Array): KeyObject {
  try {
    return createPublicKey({
      key: Buffer.from(spki.buffer, spki.byteOffset, spki.length),
      format: 'der',
      type: 'spki',
    });
  } catch (cause) {
    throw new TlsError('certificate-unsupported', 'public key refused by OpenSSL', { cause });
  }
}

function keyUses(key: KeyObject, schemes: ReadonlyMap<number, SignatureAlgorithm>): ReadonlyMap<number, KeyUse> {
  return new Map([...schemes].map(([scheme, algorithm]) => [scheme, keyUse(key, algorithm)]));
}

function keyUse(key: KeyObject, algorithm: SignatureAlgorithm): KeyUse {
  switch (algorithm.type) {
    case 'ed25519':
      return { hash: null, input: { key } };
    // DER is what node:crypto makes of ECDSA signatures unless told otherwise.
    case 'ecdsa':
      return { hash: algorithm.hash, input: { key } };
    case 'rsa-pkcs1':
      return { hash: algorithm.hash, input: { key, padding: constants.RSA_PKCS1_PADDING } };
    case 'rsa-pss': {
      const padding = constants.RSA_PKCS1_PSS_PADDING;
      return { hash: algorithm.hash, input: { key, padding, saltLength: constants.RSA_PSS_SALTLEN_DIGEST } };
    }
  }
}
