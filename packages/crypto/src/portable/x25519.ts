import { NamedGroup } from '@handfast/wire';
import { x25519 } from '@noble/curves/ed25519.js';
import {
  checkExportedLength,
  checkShareLength,
  invalidKeyShare,
  type KeyAgreement,
  respondWithKeyPair,
} from '../key-agreement.ts';
import type { EphemeralKey } from '../provider.ts';
import type { RandomBytes } from './random-bytes.ts';

const length = 32;

class X25519Key implements EphemeralKey {
  readonly group = NamedGroup.x25519;
  readonly share: Uint8Array;
  readonly #privateKey: Uint8Array;

  constructor(privateKey: Uint8Array) {
    this.share = x25519.getPublicKey(privateKey);
    this.#privateKey = privateKey;
  }

  agree(peerShare: Uint8Array): Uint8Array {
    checkShareLength(peerShare, length);
    try {
      return x25519.getSharedSecret(this.#privateKey, peerShare);
    } catch {
      // noble refuses the all-zero result (RFC 7748 section 6.1); every other 32 bytes are a share.
      throw invalidKeyShare('X25519 result is all zero');
    }
  }

  exportPrivate(): Uint8Array {
    return new Uint8Array(this.#privateKey);
  }
}

export function portableX25519(randomBytes: RandomBytes): KeyAgreement {
  const generate = (): EphemeralKey => new X25519Key(randomBytes(length));
  return {
    group: NamedGroup.x25519,
    lengths: { clientShare: length, serverShare: length, exported: length },
    generate,
    respond: (clientShare) => respondWithKeyPair(generate(), clientShare),
    import(exported): EphemeralKey {
      checkExportedLength(exported, length);
      return new X25519Key(new Uint8Array(exported));
    },
  };
}
