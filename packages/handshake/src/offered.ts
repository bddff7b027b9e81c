import { CipherSuite, type ClientHello, findExtension, NamedGroup } from '@handfast/wire';
import { namesOf, protocolNames } from './hellos.ts';
import { versionText } from './negotiation.ts';
import type { Offered } from './timeline.ts';

/** What a ClientHello offers, by name, for people. */
export function offeredBy({ extensions, legacyVersion, cipherSuites }: ClientHello): Offered {
  return {
    versions: (findExtension(extensions, 'supported_versions') ?? [legacyVersion]).map(versionText),
    cipherSuites: namesOf(CipherSuite, cipherSuites),
    groups: namesOf(NamedGroup, findExtension(extensions, 'supported_groups') ?? []),
    applicationProtocols: protocolNames(findExtension(extensions, 'application_layer_protocol_negotiation') ?? []),
  };
}
