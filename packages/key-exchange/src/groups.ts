import { NamedGroup } from '@handfast/wire';
import type { CipherSuiteParameters } from './cipher-suites.ts';

const curves: readonly number[] = [NamedGroup.x25519, NamedGroup.secp256r1, NamedGroup.secp384r1, NamedGroup.secp521r1];
const hybrids: readonly number[] = [NamedGroup.X25519MLKEM768];

/** What to send in supported_groups, in order of preference. */
export const defaultGroups: readonly number[] = curves;

/** The groups over a prime (RFC 7919), in order of preference: for DHE suites of TLS 1.2, and for TLS 1.3. */
export const finiteFieldGroups: readonly number[] = [NamedGroup.ffdhe2048, NamedGroup.ffdhe3072, NamedGroup.ffdhe4096];

/**
 * True where the group may be negotiated with a suite of that key exchange. `any` is that of TLS 1.3, the only one for
 * a hybrid with a KEM.
 */
export function groupFits(group: number, keyExchange: CipherSuiteParameters['keyExchange']): boolean {
  switch (keyExchange) {
    case 'any':
      return [...curves, ...hybrids, ...finiteFieldGroups].includes(group);
    case 'ecdhe':
      return curves.includes(group);
    case 'dhe':
      return finiteFieldGroups.includes(group);
    case 'rsa':
      return false;
  }
}
