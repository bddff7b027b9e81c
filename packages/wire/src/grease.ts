/** Whether a 16-bit code point is one that clients send to keep servers tolerant: 0x0a0a, 0x1a1a, … (RFC 8701). */
export function isGrease(code: number): boolean {
  return (code & 0x0f0f) === 0x0a0a && code >>> 8 === (code & 0xff);
}
