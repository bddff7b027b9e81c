/** Integers as RSA needs them. BigInt is not constant-time: whoever passes a secret here blinds it first. */

/** OS2IP (RFC 8017 section 4.2). */
export function toBigInt(bytes: Uint8Array): bigint {
  let hex = '0x0';
  for (const byte of bytes) hex += byte.toString(16).padStart(2, '0');
  return BigInt(hex);
}

/** I2OSP (RFC 8017 section 4.1). */
export function toBytes(integer: bigint, length: number): Uint8Array {
  const hex = integer.toString(16).padStart(length * 2, '0');
  const bytes = new Uint8Array(length);
  for (let index = 0; index < length; index += 1)
    bytes[index] = Number.parseInt(hex.slice(index * 2, index * 2 + 2), 16);
  return bytes;
}

/** `base` to the power of `exponent`, modulo `modulus`; four bits of the exponent at a time. */
export function power(base: bigint, exponent: bigint, modulus: bigint): bigint {
  const powers: bigint[] = [1n];
  for (let index = 1; index < 16; index += 1) powers.push(((powers[index - 1] ?? 1n) * base) % modulus);
  let result = 1n;
  for (const digit of exponent.toString(16)) {
    for (let square = 0; square < 4; square += 1) result = (result * result) % modulus;
    result = (result * (powers[Number.parseInt(digit, 16)] ?? 1n)) % modulus;
  }
  return result;
}

/** The inverse of `value` modulo `modulus`, by the extended Euclidean algorithm; undefined where there is none. */
export function inverse(value: bigint, modulus: bigint): bigint | undefined {
  let [remainder, next] = [modulus, value % modulus];
  let [coefficient, nextCoefficient] = [0n, 1n];
  while (next !== 0n) {
    const quotient = remainder / next;
    [remainder, next] = [next, remainder - quotient * next];
    [coefficient, nextCoefficient] = [nextCoefficient, coefficient - quotient * nextCoefficient];
  }
  if (remainder !== 1n) return undefined;
  return coefficient < 0n ? coefficient + modulus : coefficient;
}
