import type { Profile, RevocationPolicy } from '@handfast/certificates';
import type { Option } from 'commander';
import { flag } from './flag.ts';

export type { Profile, RevocationPolicy } from '@handfast/certificates';

const profiles: readonly Profile[] = ['path', 'rfc5280', 'webpki'];
const policies: readonly RevocationPolicy[] = ['require', 'prefer', 'off'];

/** What is asked of certificates. */
export function profileFlag(): Option {
  return flag('--profile <PROFILE>', 'what is asked beside a valid path: nothing, or what these documents ask of CAs')
    .choices(profiles)
    .default('path');
}

/** How revocation counts. @param otherwise which of the policies it is by default, in words */
export function revocationFlag(otherwise: string): Option {
  const description = `where nothing is known of a certificate: refuse it, let it pass, or do not look; ${otherwise}`;
  return flag('--revocation <POLICY>', description).choices(policies);
}
