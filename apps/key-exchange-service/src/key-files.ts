import { readFileSync } from 'node:fs';
import { decodePrivateKeyPem } from '@handfast/certificates';
import type { CryptoProvider, PrivateKey } from '@handfast/crypto';
import { TlsError } from '@handfast/wire';

export interface KeyFilesOptions {
  readonly crypto: CryptoProvider;
  /** PEM files, each of one private key. */
  readonly paths: readonly string[];
  /** Gets a line for each change, and for each that cannot be used. */
  readonly log?: ((line: string) => void) | undefined;
  /** Milliseconds. */
  readonly now: () => number;
}

/**
 * How long a key that was replaced may still be used, in milliseconds: its certificate may be presented until its own file
 * is replaced and all gateways have learned of it.
 */
const grace = 10 * 60_000;

interface Loaded {
  /** PKCS #8. */
  readonly pkcs8: Uint8Array;
  readonly key: PrivateKey;
}

/** The private keys of files, read again when a file has changed. A change that cannot be used leaves what there was. */
export class KeyFiles {
  readonly #options: KeyFilesOptions;
  readonly #loaded = new Map<string, Loaded>();
  readonly #complaints = new Map<string, string>();
  #replaced: readonly { readonly key: PrivateKey; readonly until: number }[] = [];

  /** @throws TlsError `configuration-invalid` that names the file, where one cannot be used */
  constructor(options: KeyFilesOptions) {
    this.#options = options;
    for (const path of options.paths) this.#loaded.set(path, this.#load(path));
  }

  /** Those of the files, and those that they have replaced not long ago. */
  get keys(): readonly PrivateKey[] {
    return [...this.#loaded.values(), ...this.#replaced].map(({ key }) => key);
  }

  /** Those of the files alone, as PKCS #8. */
  get pkcs8(): readonly Uint8Array[] {
    return [...this.#loaded.values()].map(({ pkcs8 }) => pkcs8);
  }

  /** Reads what has changed, and lets go of what was replaced long ago. @returns whether there are other keys now */
  reload(): boolean {
    const time = this.#options.now();
    const kept = this.#replaced.filter(({ until }) => time < until);
    let isOther = kept.length < this.#replaced.length;
    this.#replaced = kept;
    for (const [path, { pkcs8, key }] of this.#loaded) {
      const loaded = this.#reloaded(path);
      if (loaded === undefined || Buffer.compare(loaded.pkcs8, pkcs8) === 0) continue;
      this.#loaded.set(path, loaded);
      this.#replaced = [...this.#replaced, { key, until: time + grace }];
      this.#options.log?.(`key-exchange: ${path} has changed, and is in use`);
      isOther = true;
    }
    return isOther;
  }

  #load(path: string): Loaded {
    const { crypto } = this.#options;
    try {
      const pkcs8 = decodePrivateKeyPem(readFileSync(path, 'utf8'));
      return { pkcs8, key: crypto.importPrivateKey(pkcs8) };
    } catch (cause) {
      const why = cause instanceof TlsError ? cause.detail : messageOf(cause);
      throw new TlsError('configuration-invalid', `${path}: ${why}`, { cause });
    }
  }

  #reloaded(path: string): Loaded | undefined {
    try {
      const loaded = this.#load(path);
      this.#complaints.delete(path);
      return loaded;
    } catch (error) {
      if (!(error instanceof TlsError)) throw error;
      this.#complain(path, error.detail);
      return undefined;
    }
  }

  /** Once for each trouble: files are looked at all the time. */
  #complain(path: string, detail: string): void {
    if (this.#complaints.get(path) === detail) return;
    this.#complaints.set(path, detail);
    this.#options.log?.(`key-exchange: ${detail}; the key from before stays in use`);
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
