import { type LoadedCredential, loadCredential } from '@handfast/tls';
import { UsageError } from '../usage-error.ts';
import { about, readText } from './files.ts';

/** The files of a chain and its key. */
export interface CredentialPaths {
  readonly cert: string;
  readonly key: string;
}

/** The files of `--cert` and `--key`, in pairs. */
export function credentialPaths(
  certs: readonly string[] = [],
  keys: readonly string[] = [],
): readonly CredentialPaths[] {
  if (certs.length !== keys.length) {
    throw new UsageError(
      `--cert is given ${times(certs.length)} and --key ${times(keys.length)}; the n-th key belongs to the n-th chain`,
    );
  }
  return certs.map((cert, index) => ({ cert, key: keys[index] ?? '' }));
}

/** The chains and keys of `--cert` and `--key`, in pairs. */
export function readCredentials(certs?: readonly string[], keys?: readonly string[]): readonly LoadedCredential[] {
  return credentialPaths(certs, keys).map(({ cert, key }) =>
    about(`--cert ${cert} --key ${key}`, () =>
      loadCredential({ cert: readText('--cert', cert), key: readText('--key', key) }),
    ),
  );
}

function times(count: number): string {
  return count === 0 ? 'not at all' : count === 1 ? 'once' : `${count} times`;
}
