import { constants, createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto';
import { TlsError } from '@handfast/wire';
import type { PrivateKey, PublicKey, PublicKeyKind } from '../provider.ts';
import { type PublicKeyInfo, parsePublicKeyInfo } from '../public-key-info.ts';
import { type SignatureAlgorithm, signableSchemes, verifiableSchemes } from '../signature-schemes.ts';
import { checkSigningKey, unknownScheme } from '../signing-key.ts';
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
  readonly #uses: ReadonlyMap<number, KeyUse>;

  constructor(kind: PublicKeyKind, spki: Uint8Array, uses: ReadonlyMap<number, KeyUse>) {
    this.kind = kind;
    this.spki = spki;
    this.schemes = [...uses.keys()];
    this.#uses = uses;
  }

  sign(scheme: number, message: Uint8Array): Uint8Array {
    const use = this.#uses.get(scheme);
    if (use === undefined) throw unknownScheme(scheme, this.kind);
    return plain(sign(use.hash, message, use.input));
  }
}

class NativePublicKey implements PublicKey {
  readonly kind: PublicKeyKind;
  readonly bits: number;
  readonly #uses: ReadonlyMap<number, KeyUse>;

  constructor({ kind, bits }: PublicKeyInfo, uses: ReadonlyMap<number, KeyUse>) {
    this.kind = kind;
    this.bits = bits;
    this.#uses = uses;
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
  return new NativePrivateKey(info.kind, spki, keyUses(key, signableSchemes(info)));
}

export function importPublicKey(spki: Uint8Array): PublicKey {
  const info = parsePublicKeyInfo(spki);
  return new NativePublicKey(info, keyUses(importSpki(spki), verifiableSchemes(info)));
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
