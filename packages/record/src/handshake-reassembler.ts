import { TlsError } from '@handfast/wire';
import { ByteStream } from './byte-stream.ts';

/** HandshakeType and a length of 24 bits (RFC 8446 section 4). */
const messageHeaderLength = 4;

/** Room for a long certificate chain. */
const defaultMaximumLength = 2 ** 17;

/**
 * Joins the fragments of handshake records to whole messages: a message may span records, and a record may hold
 * several messages (RFC 8446 section 5.1).
 */
export class HandshakeReassembler {
  readonly #stream = new ByteStream();
  readonly #maximumLength: number;

  /** @param maximumLength bytes that one message may have, without its header. */
  constructor(maximumLength = defaultMaximumLength) {
    this.#maximumLength = maximumLength;
  }

  /**
   * The fragment of a handshake record. Messages may be views of it.
   * @throws TlsError `unexpected-record` for an empty one (RFC 8446 section 5.1).
   */
  push(fragment: Uint8Array): void {
    if (fragment.length === 0) throw new TlsError('unexpected-record', 'empty handshake');
    this.#stream.push(fragment);
  }

  /**
   * The next message with its header of 4 bytes, or undefined until all of it is here. A view of the fragment where
   * one fragment holds it all.
   * @throws TlsError `message-too-long` as soon as the header is here.
   */
  next(): Uint8Array | undefined {
    const header = this.#stream.peek(messageHeaderLength);
    if (header === undefined) return undefined;
    const length = ((header[1] ?? 0) << 16) | ((header[2] ?? 0) << 8) | (header[3] ?? 0);
    if (length > this.#maximumLength) {
      throw new TlsError(
        'message-too-long',
        `a handshake message of ${length} bytes, more than ${this.#maximumLength}`,
      );
    }
    const message = this.#stream.peek(messageHeaderLength + length);
    if (message !== undefined) this.#stream.consume(message.length);
    return message;
  }

  /**
   * False while bytes are held that `next` has not returned: no key may change then, and no record of another type
   * may come (RFC 8446 section 5.1).
   */
  get empty(): boolean {
    return this.#stream.length === 0;
  }
}
