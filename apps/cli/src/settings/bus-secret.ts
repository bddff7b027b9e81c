import { UsageError } from '../usage-error.ts';
import { readText } from './files.ts';

const shortest = 32;

/** What all ends of a bus share, from the file that --bus-secret names; undefined without that flag. */
export function readBusSecret(path: string | undefined): Uint8Array | undefined {
  if (path === undefined) return undefined;
  const text = readText('--bus-secret', path).trim();
  if (text.length < shortest) {
    throw new UsageError(
      `--bus-secret ${path}: ${text.length} characters are too few; make one with: openssl rand -hex 32`,
    );
  }
  return new TextEncoder().encode(text);
}
