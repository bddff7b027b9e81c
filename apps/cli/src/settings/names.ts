import { cipherSuites } from '@handfast/key-exchange';
import { CipherSuite, NamedGroup } from '@handfast/wire';
import { UsageError } from '../usage-error.ts';

/** Code points of cipher suites that are named as IANA or OpenSSL do; one item may hold several, with colons. */
export function cipherSuiteCodes(names: readonly string[]): readonly number[] {
  return names.flatMap((name) => name.split(':')).map(cipherSuiteCode);
}

/** Code points of groups, named as IANA does or by what people call them: `P-256`, `X25519`. */
export function groupCodes(names: readonly string[]): readonly number[] {
  return names.flatMap((name) => name.split(':')).map(groupCode);
}

function cipherSuiteCode(text: string): number {
  const wanted = essence(text);
  const suite = cipherSuites.find(({ name }) => [wanted, `${wanted}SHA256`].includes(essence(name)));
  if (suite !== undefined) return suite.code;
  const known = Object.keys(CipherSuite).some((name) => essence(name) === wanted);
  throw new UsageError(
    `--ciphers: '${text}' is ${known ? 'not implemented' : 'no cipher suite that is known here'}; ` +
      `there are ${cipherSuites.map(({ name }) => name).join(', ')}`,
  );
}

/** `ECDHE-RSA-AES128-GCM-SHA256` and `TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256` come down to the same letters. */
function essence(name: string): string {
  return name.toUpperCase().replace(/^TLS_/, '').replace('_WITH_', '_').replace(/[_-]/g, '');
}

const otherNames: Readonly<Record<string, keyof typeof NamedGroup>> = {
  'p-256': 'secp256r1',
  'p-384': 'secp384r1',
  'p-521': 'secp521r1',
  prime256v1: 'secp256r1',
};

function groupCode(text: string): number {
  const wanted = otherNames[text.toLowerCase()] ?? text;
  const found = Object.entries(NamedGroup).find(([name]) => name.toLowerCase() === wanted.toLowerCase());
  if (found !== undefined) return found[1];
  throw new UsageError(`--groups: '${text}' is no group that is known here; such are x25519, P-256, P-384, P-521`);
}
