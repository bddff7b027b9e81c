import { UsageError } from '../usage-error.ts';
import { readText } from './files.ts';

const shortest = 32;

/** The secret in a file that a flag names; undefined without that flag. */
export function readSecret(flag: string, path: string | undefined): Uint8Array | undefined {
  if (path === undefined) return undefined;
  const text = readText(flag, path).trim();
  if (text.length < shortest) {
    throw new UsageError(`${flag} ${path}: ${text.length} characters are too few; make one with: openssl rand -hex 32`);
  }
  return new TextEncoder().encode(text);
}
