/** Bytes of a premaster secret of RSA key transport (RFC 5246 section 7.4.7.1). */
export const premasterLength = 48;

/** 0, the block type, eight bytes of padding at least, 0 (RFC 8017 section 7.2.1). */
export const leastPadding = 11;

/**
 * The premaster secret in a decrypted block with PKCS#1 v1.5 padding, where all is right with it, and otherwise
 * `substitute`: an answer that told them apart would decrypt anything for anybody who asks often enough
 * (Bleichenbacher; RFC 5246 section 7.4.7.1). So every byte is looked at, and no branch or index depends on any.
 * @param block as long as the modulus.
 * @param version what the secret must begin with.
 */
export function unpadPremaster(block: Uint8Array, version: number, substitute: Uint8Array): Uint8Array {
  const start = block.length - premasterLength;
  const at = (index: number): number => block[index] ?? 0;
  let wrong = at(0) | (at(1) ^ 2) | at(start - 1) | (at(start) ^ (version >> 8)) | (at(start + 1) ^ (version & 0xff));
  // Padding has no zero: one less than a byte is negative for zero alone.
  for (let index = 2; index < start - 1; index += 1) wrong |= ((at(index) - 1) >> 8) & 1;
  const right = ((wrong - 1) >> 8) & 0xff;
  const premaster = new Uint8Array(premasterLength);
  for (let index = 0; index < premasterLength; index += 1) {
    premaster[index] = (at(start + index) & right) | ((substitute[index] ?? 0) & ~right);
  }
  return premaster;
}
