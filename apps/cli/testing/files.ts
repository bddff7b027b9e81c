import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeCertificate } from '../src/demo/certificate.ts';

export interface CertificateFolder {
  readonly folder: string;
  readonly cert: string;
  readonly key: string;
  remove(): void;
}

/** A folder with a self-signed certificate for localhost, 127.0.0.1 and ::1. */
export async function certificateFolder(): Promise<CertificateFolder> {
  const folder = mkdtempSync(join(tmpdir(), 'handfast-cli-'));
  const { cert, key } = await makeCertificate(Date.now());
  const paths = { cert: join(folder, 'cert.pem'), key: join(folder, 'key.pem') };
  writeFileSync(paths.cert, cert);
  writeFileSync(paths.key, key);
  return { folder, ...paths, remove: () => rmSync(folder, { recursive: true, force: true }) };
}
