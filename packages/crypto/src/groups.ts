import { NamedGroup, TlsError } from '@handfast/wire';
import { ffdheGroups } from './ffdhe.ts';
import { hybrid } from './hybrid.ts';
import type { KeyAgreement } from './key-agreement.ts';
import type { MlKem, MlKemName } from './ml-kem.ts';
import { mlKemGroup } from './ml-kem-group.ts';
import { type NistCurve, secp256r1, secp384r1, secp521r1 } from './nist-curves.ts';
import type { CryptoProvider } from './provider.ts';

/** What a provider implements, of which the groups are made. */
export interface GroupParts {
  readonly x25519: KeyAgreement;
  nistCurve(curve: NistCurve): KeyAgreement;
  /** @param group of RFC 7919. */
  finiteField(group: number): KeyAgreement;
  mlKem(name: MlKemName): MlKem;
}

/** The part of a provider that is about groups, in order of preference. */
export function groupOperations(
  parts: GroupParts,
): Pick<CryptoProvider, 'groups' | 'generateEphemeral' | 'respondToShare' | 'importEphemeral'> {
  const byGroup = new Map(groupsOf(parts).map((agreement) => [agreement.group, agreement]));
  const find = (group: number): KeyAgreement => {
    const agreement = byGroup.get(group);
    if (agreement === undefined) throw new TlsError('internal-error', `no group ${group}`);
    return agreement;
  };
  return {
    groups: [...byGroup.keys()],
    generateEphemeral: (group) => find(group).generate(),
    respondToShare: (group, clientShare) => find(group).respond(clientShare),
    importEphemeral: (group, exported) => find(group).import(exported),
  };
}

function groupsOf({ x25519, nistCurve, finiteField, mlKem }: GroupParts): readonly KeyAgreement[] {
  const [p256, p384, p521] = [nistCurve(secp256r1), nistCurve(secp384r1), nistCurve(secp521r1)];
  const mlKem768 = mlKemGroup(NamedGroup.MLKEM768, mlKem('ML-KEM-768'));
  const mlKem1024 = mlKemGroup(NamedGroup.MLKEM1024, mlKem('ML-KEM-1024'));
  return [
    // A NIST curve comes before ML-KEM, and X25519 behind it (draft-ietf-tls-ecdhe-mlkem section 4).
    hybrid(NamedGroup.X25519MLKEM768, mlKem768, x25519),
    x25519,
    p256,
    p384,
    p521,
    hybrid(NamedGroup.SecP256r1MLKEM768, p256, mlKem768),
    hybrid(NamedGroup.SecP384r1MLKEM1024, p384, mlKem1024),
    mlKem768,
    mlKem1024,
    ...ffdheGroups.map(finiteField),
  ];
}
