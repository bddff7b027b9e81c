import { NamedGroup } from '@handfast/wire';
import type { CipherSuiteParameters } from './cipher-suites.ts';

/** ML-KEM with a curve, or alone: for TLS 1.3 only. */
const withMlKem: readonly number[] = [
  NamedGroup.X25519MLKEM768,
  NamedGroup.SecP256r1MLKEM768,
  NamedGroup.SecP384r1MLKEM1024,
  NamedGroup.MLKEM768,
  NamedGroup.MLKEM1024,
];
const curves: readonly number[] = [NamedGroup.x25519, NamedGroup.secp256r1, NamedGroup.secp384r1, NamedGroup.secp521r1];

/** What to send in supported_groups, in order of preference; a provider may lack the first. */
export const defaultGroups: readonly number[] = [NamedGroup.X25519MLKEM768, ...curves];

/** The groups over a prime (RFC 7919), in order of preference: for DHE suites of TLS 1.2, and for TLS 1.3. */
export const finiteFieldGroups: readonly number[] = [NamedGroup.ffdhe2048, NamedGroup.ffdhe3072, NamedGroup.ffdhe4096];

const groupsOf: Readonly<Record<CipherSuiteParameters['keyExchange'], readonly number[]>> = {
  any: [...withMlKem, ...curves, ...finiteFieldGroups],
  ecdhe: curves,
  dhe: finiteFieldGroups,
  rsa: [],
};

/** Whether a group withstands a quantum computer: it is ML-KEM, alone or with a curve. */
export function isPostQuantum(group: number): boolean {
  return withMlKem.includes(group);
}

/**
 * True where the group may be negotiated with a suite of that key exchange. `any` is that of TLS 1.3, the only one for
 * a KEM.
 */
export function groupFits(group: number, keyExchange: CipherSuiteParameters['keyExchange']): boolean {
  return groupsOf[keyExchange].includes(group);
}
