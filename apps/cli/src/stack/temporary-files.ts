import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CredentialFiles } from './commands.ts';

/** Files that last as long as the stack, in a folder that only this user can read. */
export class TemporaryFiles {
  readonly folder = mkdtempSync(join(tmpdir(), 'handfast-stack-'));

  /** Makes what the processes of this stack share, and nobody else has. */
  busSecret(): string {
    return this.#write('bus.secret', randomBytes(32).toString('hex'));
  }

  /** Makes a certificate on the spot. */
  async credential(): Promise<CredentialFiles> {
    const { makeCertificate } = await import('../demo/certificate.ts');
    const { cert, key } = await makeCertificate(Date.now());
    return { cert: [this.#write('cert.pem', cert)], key: [this.#write('key.pem', key)] };
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  #write(name: string, text: string): string {
    const path = join(this.folder, name);
    writeFileSync(path, text, { mode: 0o600 });
    return path;
  }
}
