import type { PublicKeyKind } from '@handfast/crypto';
import { NamedGroup } from '@handfast/wire';

const curveOf: Readonly<Partial<Record<PublicKeyKind, number>>> = {
  'ecdsa-p256': NamedGroup.secp256r1,
  'ecdsa-p384': NamedGroup.secp384r1,
  'ecdsa-p521': NamedGroup.secp521r1,
};

/**
 * Whether a server's certificate with that kind of key may be shown to a client with these groups: in TLS 1.2 they are
 * about the curves of ECDSA keys too (RFC 8422 section 5.1.1).
 */
export function hasCurveOf(groups: readonly number[], kind: PublicKeyKind): boolean {
  const curve = curveOf[kind];
  return curve === undefined || groups.includes(curve);
}
