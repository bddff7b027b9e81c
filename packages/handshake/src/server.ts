import { CipherSuite, type ClientHello, findExtension, NamedGroup } from '@handfast/wire';
import type { ServerConfiguration } from './configuration.ts';
import type { Machine } from './effects.ts';
import { type Handshake, receive } from './handshake.ts';
import { namesOf, protocolName, protocolNames } from './hellos.ts';
import { chooseVersion, versionText } from './negotiation.ts';
import { serverHandshake12 } from './server-12.ts';
import { serverHandshake13 } from './server-13.ts';

/** The server's side of every handshake, up to the choice of version. */
export function* serverHandshake(handshake: Handshake<ServerConfiguration>): Machine {
  const hello = yield* receive(handshake, 'tls13', 'ClientHello');
  yield { kind: 'begin', clientRandom: hello.random };
  yield { kind: 'negotiated', facts: offeredBy(hello) };
  const version = chooseVersion(handshake.configuration, hello);
  yield { kind: 'negotiated', facts: { protocol: protocolName[version] } };
  return yield* version === 'tls13' ? serverHandshake13(handshake, hello) : serverHandshake12(handshake, hello);
}

/** What a ClientHello offers, by name, for the trace. */
export function offeredBy(hello: ClientHello) {
  const versions = findExtension(hello.extensions, 'supported_versions') ?? [hello.legacyVersion];
  const serverName = findExtension(hello.extensions, 'server_name');
  const protocols = findExtension(hello.extensions, 'application_layer_protocol_negotiation');
  return {
    offeredVersions: versions.map(versionText),
    offeredCipherSuites: namesOf(CipherSuite, hello.cipherSuites),
    offeredGroups: namesOf(NamedGroup, findExtension(hello.extensions, 'supported_groups') ?? []),
    ...(serverName === undefined ? {} : { serverName }),
    ...(protocols === undefined ? {} : { offeredApplicationProtocols: protocolNames(protocols) }),
  };
}
