import type { Credential } from '@handfast/certificates';
import type { CryptoProvider } from '@handfast/crypto';
import { TlsError } from '@handfast/wire';
import { type CredentialFile, contentOf, loadCredential } from './credential-file.ts';

interface Loaded {
  readonly content: readonly string[];
  readonly credential: Credential;
}

/** The chains of files, read again when a file has changed. A change that cannot be used leaves what there was. */
export class CredentialDirectory {
  readonly #crypto: CryptoProvider;
  readonly #log: ((line: string) => void) | undefined;
  readonly #loaded = new Map<CredentialFile, Loaded>();
  readonly #complaints = new Map<CredentialFile, string>();

  /** @throws TlsError `configuration-invalid` that names the file, where one cannot be used */
  constructor(crypto: CryptoProvider, files: readonly CredentialFile[], log?: (line: string) => void) {
    this.#crypto = crypto;
    this.#log = log;
    for (const file of files) this.#loaded.set(file, this.#load(file));
  }

  /** In the order of the files. */
  get credentials(): readonly Credential[] {
    return [...this.#loaded.values()].map(({ credential }) => credential);
  }

  /** Reads what has changed. */
  reload(): void {
    for (const [file, { content }] of this.#loaded) {
      try {
        if (isSame(contentOf(file), content)) continue;
        this.#loaded.set(file, this.#load(file));
        this.#complaints.delete(file);
        this.#log?.(`certificate: ${file.chain} has changed, and is in use`);
      } catch (error) {
        if (!(error instanceof TlsError)) throw error;
        this.#complain(file, error.detail);
      }
    }
  }

  #load(file: CredentialFile): Loaded {
    return { content: contentOf(file), credential: loadCredential(this.#crypto, file) };
  }

  /** Once for each trouble: files are looked at all the time. */
  #complain(file: CredentialFile, detail: string): void {
    if (this.#complaints.get(file) === detail) return;
    this.#complaints.set(file, detail);
    this.#log?.(`certificate: ${detail}; the chain from before stays in use`);
  }
}

function isSame(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((text, index) => text === b[index]);
}
