import { readFileSync } from 'node:fs';
import { decodePem, parseCertificate } from '@handfast/certificates';
import { TlsError } from '@handfast/wire';
import { UsageError } from '../usage-error.ts';

/** The text of a file that a flag names. */
export function readText(flag: string, path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new UsageError(`${flag} ${path}: ${whyUnreadable(error)}`);
  }
}

/** The certificates of a file that a flag names, DER; at least one. */
export function readCertificates(flag: string, path: string): readonly Uint8Array[] {
  return inFile(flag, path, certificatesIn);
}

/** The certificates of a PEM text, DER. Throws TlsError where there is none, or one cannot be read. */
export function certificatesIn(pem: string): readonly Uint8Array[] {
  const found = decodePem(pem, 'CERTIFICATE');
  if (found.length === 0) {
    throw new TlsError('configuration-invalid', 'there is no certificate in it ("-----BEGIN CERTIFICATE-----")');
  }
  // Read here already, because only here it is known which file they are of.
  for (const der of found) parseCertificate(der);
  return found;
}

/** Reads a file, and says of a TlsError which flag and file it is about. */
export function inFile<T>(flag: string, path: string, read: (text: string) => T): T {
  return about(`${flag} ${path}`, () => read(readText(flag, path)));
}

/** Says of a TlsError that `work` throws what it is about. */
export function about<T>(what: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw error instanceof TlsError ? new UsageError(`${what}: ${error.detail}`) : error;
  }
}

/** Why a file cannot be read, for people. */
export function whyUnreadable(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  switch (code) {
    case 'ENOENT':
      return 'there is no such file';
    case 'EACCES':
      return 'this user may not read the file';
    case 'EISDIR':
      return 'is a folder, where a file belongs';
    default:
      return `cannot be read: ${error instanceof Error ? error.message : String(error)}`;
  }
}
