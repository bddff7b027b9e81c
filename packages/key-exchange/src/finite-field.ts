import { ffdheGroup } from '@handfast/crypto';
import type { ServerDhParams } from '@handfast/wire';
import { finiteFieldGroups, groupFits } from './groups.ts';

/** ServerDHParams of a group of RFC 7919. */
export function serverDhParams(group: number, share: Uint8Array): ServerDhParams {
  const { prime, generator } = ffdheGroup(group);
  return { dhP: prime, dhG: generator, dhYs: share };
}

/**
 * The group whose prime and generator these are; undefined for others. Whether they would be safe is not a thing to be
 * found out during a handshake (RFC 7919 section 1).
 */
export function groupOfServerDhParams({ dhP, dhG }: ServerDhParams): number | undefined {
  return finiteFieldGroups.find((group) => {
    const { prime, generator } = ffdheGroup(group);
    return same(dhP, prime) && same(dhG, generator);
  });
}

/**
 * The premaster secret that a shared secret is. That of a prime field goes without its leading zeros (RFC 5246 section
 * 8.1.2), for which it takes another time now and then; of a share that is used once, that tells nobody enough.
 */
export function premasterOf(group: number, secret: Uint8Array): Uint8Array {
  if (!groupFits(group, 'dhe')) return secret;
  return secret.subarray(secret.findIndex((byte) => byte !== 0));
}

function same(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}
