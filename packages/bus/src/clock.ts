/** Milliseconds since the Unix epoch, with fractions; goes forward also where the system's clock is set back. */
export function now(): number {
  return performance.timeOrigin + performance.now();
}

/**
 * A time of {@link now} for other processes to read: by the system's clock, since theirs have departed from it by other
 * steps than ours, as each machine slept and had its clock set.
 */
export function toSystemTime(time: number): number {
  return Date.now() + (time - now());
}

/** What another process told with {@link toSystemTime}, as a time of {@link now}. */
export function fromSystemTime(time: number): number {
  return now() + (time - Date.now());
}
