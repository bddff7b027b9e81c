import { InvalidArgumentError } from 'commander';

/** A number of bytes, as TLS counts them: below 2^32. */
export function wholeNumber(text: string): number {
  const number = Number(text);
  if (!/^\d+$/.test(text) || number > 0xffff_ffff) {
    throw new InvalidArgumentError('It needs a whole number from 0 to 4294967295.');
  }
  return number;
}
