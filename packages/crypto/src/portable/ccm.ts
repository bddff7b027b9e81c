import { concat, TlsError } from '@handfast/wire';
import { cbc, ctr } from '@noble/ciphers/aes.js';
import { equal } from '../equal.ts';

/** With a nonce of 12 bytes, 3 are left for the length and for the counter (RFC 3610 section 2.1). */
const lengthBytes = 3;
const blockLength = 16;
/** Longer associated data has a longer header (RFC 3610 section 2.2); none in TLS comes near it. */
const associatedDataBound = 0xff00;
const zeroBlock = new Uint8Array(blockLength);

/** AES-CCM (RFC 3610, NIST SP 800-38C) with a nonce of 12 bytes: CBC-MAC of the plaintext, then counter mode over both. */
export class Ccm {
  readonly #key: Uint8Array;
  readonly #tagLength: number;

  constructor(key: Uint8Array, tagLength: number) {
    this.#key = key;
    this.#tagLength = tagLength;
  }

  seal(nonce: Uint8Array, associatedData: Uint8Array, plaintext: Uint8Array): Uint8Array {
    const tag = this.#authenticate(nonce, associatedData, plaintext);
    return this.#tagLast(this.#counterMode(nonce, concat(tag, plaintext)));
  }

  open(nonce: Uint8Array, associatedData: Uint8Array, ciphertext: Uint8Array): Uint8Array | undefined {
    const length = ciphertext.length - this.#tagLength;
    if (length < 0) return undefined;
    const paddedTag = new Uint8Array(blockLength);
    paddedTag.set(ciphertext.subarray(length));
    const opened = this.#counterMode(nonce, concat(paddedTag, ciphertext.subarray(0, length)));
    const plaintext = opened.slice(blockLength);
    const tag = this.#authenticate(nonce, associatedData, plaintext).subarray(0, this.#tagLength);
    return equal(tag, opened.subarray(0, this.#tagLength)) ? plaintext : undefined;
  }

  /** The CBC-MAC over nonce, lengths and both texts, whole (RFC 3610 section 2.2). */
  #authenticate(nonce: Uint8Array, associatedData: Uint8Array, plaintext: Uint8Array): Uint8Array {
    if (associatedData.length >= associatedDataBound) {
      throw new TlsError('internal-error', `associated data of ${associatedData.length} bytes`);
    }
    const first = new Uint8Array(blockLength);
    const hasAssociatedData = associatedData.length > 0;
    first[0] = (hasAssociatedData ? 0x40 : 0) | (((this.#tagLength - 2) / 2) << 3) | (lengthBytes - 1);
    first.set(nonce, 1);
    first[13] = plaintext.length >> 16;
    first[14] = plaintext.length >> 8;
    first[15] = plaintext.length;
    const header = hasAssociatedData
      ? concat(Uint8Array.of(associatedData.length >> 8, associatedData.length), associatedData)
      : associatedData;
    const blocks = concat(first, toBlocks(header), toBlocks(plaintext));
    return cbc(this.#key, zeroBlock, { disablePadding: true }).encrypt(blocks).slice(-blockLength);
  }

  /** Counter 0 is for the tag, which comes first here (RFC 3610 section 2.3). */
  #counterMode(nonce: Uint8Array, tagAndText: Uint8Array): Uint8Array {
    const counter = new Uint8Array(blockLength);
    counter[0] = lengthBytes - 1;
    counter.set(nonce, 1);
    return ctr(this.#key, counter).encrypt(tagAndText);
  }

  #tagLast(tagAndText: Uint8Array): Uint8Array {
    return concat(tagAndText.subarray(blockLength), tagAndText.subarray(0, this.#tagLength));
  }
}

function toBlocks(bytes: Uint8Array): Uint8Array {
  const blocks = new Uint8Array(Math.ceil(bytes.length / blockLength) * blockLength);
  blocks.set(bytes);
  return blocks;
}
