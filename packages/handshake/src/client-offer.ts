import type { Continuation, OfferAnswer } from '@handfast/key-exchange';
import {
  type ClientHello,
  type ClientHelloExtensions,
  ECPointFormat,
  type Extension,
  type KeyShareEntry,
  NamedGroup,
  TlsError,
} from '@handfast/wire';
import { type ClientConfiguration, versionsOf } from './configuration.ts';
import { ask, type Steps } from './effects.ts';
import { isIpLiteral, protocolNameBytes, versionCode } from './hellos.ts';

/** What a client has sent: its hello, and the key shares behind it. */
export interface Offer {
  readonly hello: ClientHello;
  readonly shares: readonly { readonly group: number; readonly share: Uint8Array }[];
  readonly continuation: Continuation;
}

/** Fresh key shares for these groups. */
export function* offerShares(
  groups: readonly number[],
  step: 'ClientHello' | 'ClientKeyExchange' = 'ClientHello',
): Steps<OfferAnswer> {
  const offer = yield* ask({
    step,
    port: 'key-exchange',
    operation: 'offer',
    call: ({ keyExchange }, context) => keyExchange.offer({ groups }, context),
  });
  if (offer.shares.length !== groups.length || offer.shares.some(({ group }, index) => group !== groups[index])) {
    throw new TlsError('service-reply-invalid', 'the key exchange made other shares than it was asked for');
  }
  return offer;
}

/** The group we like best; beside a hybrid also a classic one, which a server that lacks the hybrid can take at once. */
export function groupsToOffer(configuration: ClientConfiguration): readonly number[] {
  const [first, ...others] = configuration.groups;
  if (first === undefined) return [];
  if (first !== NamedGroup.X25519MLKEM768) return [first];
  return [first, ...others.slice(0, 1)];
}

export function clientHelloExtensions(
  configuration: ClientConfiguration,
  shares: readonly KeyShareEntry[],
): readonly Extension<ClientHelloExtensions>[] {
  const versions = versionsOf(configuration);
  const extensions: Extension<ClientHelloExtensions>[] = [];
  if (!isIpLiteral(configuration.serverName)) {
    extensions.push({ name: 'server_name', value: configuration.serverName.replace(/\.$/, '') });
  }
  if (versions.includes('tls12')) {
    extensions.push({ name: 'extended_master_secret', value: {} });
    extensions.push({ name: 'renegotiation_info', value: new Uint8Array(0) });
    extensions.push({ name: 'ec_point_formats', value: [ECPointFormat.uncompressed] });
  }
  extensions.push({ name: 'supported_groups', value: configuration.groups });
  extensions.push({ name: 'signature_algorithms', value: configuration.signatureSchemes });
  if (configuration.applicationProtocols.length > 0) {
    extensions.push({
      name: 'application_layer_protocol_negotiation',
      value: configuration.applicationProtocols.map(protocolNameBytes),
    });
  }
  if (versions.includes('tls13')) {
    extensions.push({ name: 'supported_versions', value: versions.map((version) => versionCode[version]) });
    extensions.push({ name: 'key_share', value: shares });
  }
  return extensions;
}
