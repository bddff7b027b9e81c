/** Judgement of a padding, in numbers, for it is combined with others without a branch. */
export interface Padding {
  /** With its length byte; 0 where the padding is wrong. */
  readonly length: number;
  /** 1 or 0. */
  readonly right: number;
}

/** Padding, and its length byte behind it (RFC 5246 section 6.2.3.2). */
const longest = 256;

/**
 * Judges the padding at the end of a decrypted record: as many bytes as the last one says, and that one, all with the
 * same value. Looks at the same bytes whatever they are, without a branch or an index that depends on any.
 * @param room how many bytes it may take at most.
 */
export function checkedPadding(plaintext: Uint8Array, room: number): Padding {
  const last = plaintext[plaintext.length - 1] ?? 0;
  // Negative, and so all ones in its upper bits, where the padding would take more room than there is.
  let wrong = (room - 1 - last) >> 31;
  const looked = Math.min(longest, plaintext.length);
  for (let index = 0; index < looked; index += 1) {
    const isPadding = ~((last - index) >> 31);
    wrong |= isPadding & (last ^ (plaintext[plaintext.length - 1 - index] ?? 0));
  }
  const right = 1 + ((wrong | -wrong) >> 31);
  return { length: (last + 1) * right, right };
}
