import { CipherSuite, type ClientHello, findExtension, NamedGroup } from '@handfast/wire';
import { cut, namesOf, protocolNames } from '../common/hellos.ts';
import { versionText } from '../common/negotiation.ts';
import type { Offered } from '../timeline.ts';

/**
 * What a ClientHello offers, by name, for people: put in words when somebody asks. The hello itself, which may be large, is
 * not kept until then.
 */
export function offeredBy({ extensions, legacyVersion, cipherSuites }: ClientHello): () => Offered {
  const versions = findExtension(extensions, 'supported_versions') ?? [legacyVersion];
  const suites = cut(cipherSuites);
  const groups = cut(findExtension(extensions, 'supported_groups') ?? []);
  const protocols = cut(findExtension(extensions, 'application_layer_protocol_negotiation') ?? []);
  return () => ({
    versions: versions.map(versionText),
    cipherSuites: namesOf(CipherSuite, suites),
    groups: namesOf(NamedGroup, groups),
    applicationProtocols: protocolNames(protocols),
  });
}
