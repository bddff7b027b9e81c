import { NamedGroup } from '@handfast/wire';

/** What to send in supported_groups, in order of preference. */
export const defaultGroups: readonly number[] = [
  NamedGroup.x25519,
  NamedGroup.secp256r1,
  NamedGroup.secp384r1,
  NamedGroup.secp521r1,
];

const curves: readonly number[] = defaultGroups;
const hybrids: readonly number[] = [
  NamedGroup.X25519MLKEM768,
  NamedGroup.SecP256r1MLKEM768,
  NamedGroup.SecP384r1MLKEM1024,
];

/** True where the group may be negotiated in that version: a hybrid with a KEM exists in TLS 1.3 only. */
export function groupFits(group: number, version: 'tls12' | 'tls13'): boolean {
  return curves.includes(group) || (version === 'tls13' && hybrids.includes(group));
}
