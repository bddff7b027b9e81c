import { readFileSync } from 'node:fs';
import { decodePem } from '@handfast/certificates';
import { about, whyUnreadable } from '../settings/files.ts';
import { UsageError } from '../usage-error.ts';

/** What is in a file, DER; at least one. @param label of its PEM; without any such block, the file is DER itself. */
export function readDer(flag: string, path: string, label: string): readonly Uint8Array[] {
  const content = contentOf(flag, path);
  // A SEQUENCE, as every certificate, CRL and OCSP response is.
  if (content[0] === 0x30) return [content];
  const found = about(`${flag} ${path}`, () => decodePem(Buffer.from(content).toString('latin1'), label));
  if (found.length === 0) throw new UsageError(`${flag} ${path}: there is no "-----BEGIN ${label}-----" in it`);
  return found;
}

function contentOf(flag: string, path: string): Uint8Array {
  try {
    return Uint8Array.from(readFileSync(path));
  } catch (error) {
    throw new UsageError(`${flag} ${path}: ${whyUnreadable(error)}`);
  }
}
