const none = new Uint8Array(0);

/** What is allocated at least for bytes that must be gathered. */
const smallestGathering = 512;

/**
 * Hands out the bytes of a stream in pieces of the length that the reader names, whatever the chunks they came in.
 * A piece that lies within one chunk is a view of that chunk; only one that spans several is copied, once it has
 * to be, into memory that grows with the bytes received and not with the length asked for.
 */
export class ByteStream {
  readonly #chunks: Uint8Array[] = [];
  /** How much of the first chunk has been consumed. */
  #position = 0;
  /** The beginning of the stream, where it has been gathered out of chunks. */
  #gathered = none;
  #gatheredLength = 0;
  #length = 0;

  /** Bytes that have been pushed and not consumed. */
  get length(): number {
    return this.#length;
  }

  /** @param chunk kept as it is until it has been consumed: the caller must not write to it. */
  push(chunk: Uint8Array): void {
    if (chunk.length === 0) return;
    this.#chunks.push(chunk);
    this.#length += chunk.length;
  }

  /** The next `length` bytes in one piece, which stay in the stream; undefined until all of them have arrived. */
  peek(length: number): Uint8Array | undefined {
    if (this.#gatheredLength === 0) {
      const first = this.#chunks[0];
      if (first === undefined) return undefined;
      const end = this.#position + length;
      if (end <= first.length) return first.subarray(this.#position, end);
    }
    this.#gather(Math.min(length, this.#length));
    return this.#gatheredLength >= length ? this.#gathered.subarray(0, length) : undefined;
  }

  /** Takes that many bytes, which `peek` has returned, out of the stream. */
  consume(length: number): void {
    this.#length -= length;
    if (this.#gatheredLength === 0) {
      this.#advance(length);
      return;
    }
    // The piece belongs to the reader now: what is gathered next must not be written over it.
    this.#gatheredLength -= length;
    this.#gathered = this.#gatheredLength === 0 ? none : this.#gathered.subarray(length);
  }

  #gather(length: number): void {
    if (this.#gathered.length < length) {
      const larger = new Uint8Array(Math.max(length, 2 * this.#gathered.length, smallestGathering));
      larger.set(this.#gathered.subarray(0, this.#gatheredLength));
      this.#gathered = larger;
    }
    while (this.#gatheredLength < length) {
      const first = this.#chunks[0];
      if (first === undefined) return;
      const piece = first.subarray(this.#position, this.#position + length - this.#gatheredLength);
      this.#gathered.set(piece, this.#gatheredLength);
      this.#gatheredLength += piece.length;
      this.#advance(piece.length);
    }
  }

  #advance(length: number): void {
    this.#position += length;
    if (this.#position === this.#chunks[0]?.length) {
      this.#chunks.shift();
      this.#position = 0;
    }
  }
}
