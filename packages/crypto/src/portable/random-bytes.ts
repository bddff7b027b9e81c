/** A cryptographically secure source: a fresh array of `length` unpredictable bytes at each call. */
export type RandomBytes = (length: number) => Uint8Array;
