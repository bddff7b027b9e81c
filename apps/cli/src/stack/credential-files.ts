import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CredentialFiles } from './commands.ts';

export interface TemporaryCredential extends CredentialFiles {
  remove(): void;
}

/** Makes a certificate on the spot, in a folder that only this user can read. */
export async function temporaryCredential(): Promise<TemporaryCredential> {
  const { makeCertificate } = await import('../demo/certificate.ts');
  const { cert, key } = await makeCertificate(Date.now());
  const folder = mkdtempSync(join(tmpdir(), 'handfast-stack-'));
  const paths = { cert: join(folder, 'cert.pem'), key: join(folder, 'key.pem') };
  writeFileSync(paths.cert, cert);
  writeFileSync(paths.key, key, { mode: 0o600 });
  return {
    cert: [paths.cert],
    key: [paths.key],
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
