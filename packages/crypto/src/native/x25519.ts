import { createPrivateKey, createPublicKey, diffieHellman, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { concat, NamedGroup } from '@handfast/wire';
import {
  checkExportedLength,
  checkShareLength,
  invalidKeyShare,
  type KeyAgreement,
  respondWithKeyPair,
} from '../key-agreement.ts';
import type { EphemeralKey } from '../provider.ts';
import { plain } from './plain.ts';
import { hasRawKeys } from './raw-keys.ts';

const length = 32;
/** RFC 8410 section 7: PrivateKeyInfo of an X25519 key, up to the key. */
const pkcs8Prefix = Buffer.from('302e020100300506032b656e04220420', 'hex');
const spkiPrefixLength = 12;
const type = 'x25519';

class X25519Key implements EphemeralKey {
  readonly group = NamedGroup.x25519;
  readonly #privateKey: KeyObject;
  #share: Uint8Array | undefined;

  constructor(privateKey: KeyObject, share?: Uint8Array) {
    this.#privateKey = privateKey;
    this.#share = share;
  }

  get share(): Uint8Array {
    // The public key is what the private one makes of the base point, 9 (RFC 7748 section 6.1).
    this.#share ??= agree(this.#privateKey, new Uint8Array([9, ...new Uint8Array(length - 1)]));
    return this.#share;
  }

  agree(peerShare: Uint8Array): Uint8Array {
    checkShareLength(peerShare, length);
    return agree(this.#privateKey, peerShare);
  }

  exportPrivate(): Uint8Array {
    if (hasRawKeys) return plain(this.#privateKey.export({ format: 'raw-private' }));
    return plain(this.#privateKey.export({ format: 'der', type: 'pkcs8' })).subarray(pkcs8Prefix.length);
  }
}

function agree(privateKey: KeyObject, peerShare: Uint8Array): Uint8Array {
  try {
    return plain(diffieHellman({ privateKey, publicKey: importPublic(peerShare) }));
  } catch {
    // OpenSSL refuses the all-zero result (RFC 7748 section 6.1); every other 32 bytes are a share.
    throw invalidKeyShare('X25519 result is all zero');
  }
}

function importPublic(share: Uint8Array): KeyObject {
  // JWK is as fast as raw bytes, and every Node has it. Its text is of a value that is public.
  const x = Buffer.from(share.buffer, share.byteOffset, share.length).toString('base64url');
  return createPublicKey({ key: { kty: 'OKP', crv: 'X25519', x }, format: 'jwk' });
}

export const x25519: KeyAgreement = {
  group: NamedGroup.x25519,
  lengths: { clientShare: length, serverShare: length, exported: length },
  generate,
  respond: (clientShare) => respondWithKeyPair(generate(), clientShare),
  import(exported): EphemeralKey {
    checkExportedLength(exported, length);
    return new X25519Key(importPrivate(exported));
  },
};

function generate(): X25519Key {
  if (hasRawKeys) {
    const { privateKey, publicKey } = generateKeyPairSync(type, { publicKeyEncoding: { format: 'raw-public' } });
    return new X25519Key(privateKey, plain(publicKey));
  }
  const { privateKey, publicKey } = generateKeyPairSync(type, { publicKeyEncoding: { format: 'der', type: 'spki' } });
  return new X25519Key(privateKey, plain(publicKey).subarray(spkiPrefixLength));
}

function importPrivate(exported: Uint8Array): KeyObject {
  if (hasRawKeys) return createPrivateKey({ key: exported, format: 'raw-private', asymmetricKeyType: type });
  return createPrivateKey({ key: concat(pkcs8Prefix, exported), format: 'der', type: 'pkcs8' });
}
