import { TlsError } from '@handfast/wire';
import type { KeyAgreement } from './key-agreement.ts';
import type { CryptoProvider } from './provider.ts';

/** The part of a provider that is about groups, in the order of preference in which they are given. */
export function groupOperations(
  agreements: readonly KeyAgreement[],
): Pick<CryptoProvider, 'groups' | 'generateEphemeral' | 'respondToShare' | 'importEphemeral'> {
  const byGroup = new Map(agreements.map((agreement) => [agreement.group, agreement]));
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
