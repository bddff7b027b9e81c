import { type Aead, type CryptoProvider, hkdfExpand, hkdfExtract } from '@handfast/crypto';

const x25519 = 0x001d;
/** Lengths of X25519 public keys. */
export const publicKeyLength = 32;
/** How many peers' keys are kept; the one that was used least recently goes first, and is agreed anew when it returns. */
const maximumPairs = 256;

const label = Buffer.from('handfast bus pair');

/** A nonce and what was sealed with it. */
export interface SealedBytes {
  readonly nonce: Uint8Array;
  readonly ciphertext: Uint8Array;
}

/** The two keys between this instance and another: one for each direction, so that nothing can be sent back to its sender. */
export interface Pair {
  seal(associatedData: Uint8Array, plaintext: Uint8Array): SealedBytes;
  /** The plaintext, or undefined where it does not open. */
  open(sealed: SealedBytes, associatedData: Uint8Array): Uint8Array | undefined;
}

/**
 * The X25519 key of one end of the bus, made when the process starts and never stored. It seals under AES-256-GCM, with
 * keys from HKDF-SHA256 over the agreement with the other end's key (RFC 7748, RFC 5869).
 */
export class InstanceKey {
  readonly publicKey: Uint8Array;
  /** Lower-case hex. */
  readonly publicKeyHex: string;
  readonly #crypto: CryptoProvider;
  readonly #privateKey: Uint8Array;
  readonly #secret: Uint8Array;
  readonly #pairs = new Map<string, Pair>();
  /** One count for all pairs: a key that is agreed anew never sees a nonce of before. */
  #sealed = 0;

  /** @param secret what all ends of the bus share, as the salt of the key derivation; may be empty. */
  constructor(crypto: CryptoProvider, secret: Uint8Array) {
    const key = crypto.generateEphemeral(x25519);
    this.publicKey = key.share;
    this.publicKeyHex = Buffer.from(key.share).toString('hex');
    this.#crypto = crypto;
    this.#privateKey = key.exportPrivate();
    this.#secret = secret;
  }

  /** @throws TlsError `invalid-key-share` where `peer` is no X25519 key, or one of small order. */
  pairWith(peer: Uint8Array): Pair {
    const id = Buffer.from(peer.buffer, peer.byteOffset, peer.length).toString('latin1');
    const pair = this.#pairs.get(id) ?? this.#agree(peer);
    this.#pairs.delete(id);
    this.#pairs.set(id, pair);
    if (this.#pairs.size > maximumPairs) {
      for (const oldest of this.#pairs.keys()) {
        this.#pairs.delete(oldest);
        break;
      }
    }
    return pair;
  }

  /** Seals under a key of one use, made here. */
  sealOnce(associatedData: Uint8Array, plaintext: Uint8Array): SealedBytes & { readonly key: Uint8Array } {
    const key = this.#crypto.randomBytes(32);
    const nonce = this.#nextNonce();
    return { key, nonce, ciphertext: this.#crypto.aead('aes-256-gcm', key).seal(nonce, associatedData, plaintext) };
  }

  /** Opens what `sealOnce` sealed. */
  openOnce(key: Uint8Array, sealed: SealedBytes, associatedData: Uint8Array): Uint8Array | undefined {
    return this.#crypto.aead('aes-256-gcm', key).open(sealed.nonce, associatedData, sealed.ciphertext);
  }

  #agree(peer: Uint8Array): Pair {
    const shared = this.#crypto.importEphemeral(x25519, this.#privateKey).agree(peer);
    const prk = hkdfExtract(this.#crypto, 'sha256', this.#secret, shared);
    const sending = this.#derive(prk, this.publicKey, peer);
    const receiving = this.#derive(prk, peer, this.publicKey);
    return {
      seal: (associatedData, plaintext) => {
        const nonce = this.#nextNonce();
        return { nonce, ciphertext: sending.seal(nonce, associatedData, plaintext) };
      },
      open: ({ nonce, ciphertext }, associatedData) => receiving.open(nonce, associatedData, ciphertext),
    };
  }

  #derive(prk: Uint8Array, from: Uint8Array, to: Uint8Array): Aead {
    const info = Buffer.concat([label, from, to]);
    return this.#crypto.aead('aes-256-gcm', hkdfExpand(this.#crypto, 'sha256', prk, info, 32));
  }

  #nextNonce(): Uint8Array {
    const nonce = new Uint8Array(12);
    const view = new DataView(nonce.buffer);
    this.#sealed += 1;
    view.setUint32(4, Math.floor(this.#sealed / 2 ** 32));
    view.setUint32(8, this.#sealed % 2 ** 32);
    return nonce;
  }
}
