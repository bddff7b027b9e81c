/** Milliseconds since the Unix epoch, with fractions; goes forward also where the system's clock is set back. */
export function now(): number {
  return performance.timeOrigin + performance.now();
}
