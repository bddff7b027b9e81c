import { type Continuation, cipherSuite, isPostQuantum, type OfferAnswer } from '@handfast/key-exchange';
import {
  CipherSuite,
  type ClientHello,
  type ClientHelloExtensions,
  ECPointFormat,
  type Extension,
  type KeyShareEntry,
  TlsError,
} from '@handfast/wire';
import { fragmentLengthCode, isIpLiteral, protocolNameBytes, versionCode } from '../common/hellos.ts';
import type { ClientSession } from '../common/session-state.ts';
import { type ClientConfiguration, versionsOf } from '../configuration.ts';
import { type Ask, ask, type Steps } from '../engine/effects.ts';
import type { Grease } from './grease.ts';
import { type OfferedPsk, preSharedKey, type Resumable, type ResumptionPsk } from './psk-13.ts';

/** What a client has sent: its hello, and what stands behind it. */
export interface Offer {
  readonly hello: ClientHello;
  readonly shares: readonly { readonly group: number; readonly share: Uint8Array }[];
  readonly continuation: Continuation;
  /** What pre_shared_key offers, in its order. */
  readonly psks: readonly OfferedPsk[];
  /** The first of `psks`, where early data goes with the hello. */
  readonly earlyData: ResumptionPsk | undefined;
  /** The session of TLS 1.2 that the hello offers to resume. */
  readonly session12: ClientSession | undefined;
}

type OfferStep = 'ClientHello' | 'ClientKeyExchange';

/** Asks for fresh key shares for these groups. `checkShares` looks at the answer. */
export function keyShares(groups: readonly number[], step: OfferStep = 'ClientHello'): Ask<OfferAnswer> {
  return {
    step,
    port: 'key-exchange',
    operation: 'offer',
    call: ({ keyExchange }, context) => keyExchange.offer({ groups }, context),
  };
}

export function checkShares(groups: readonly number[], offer: OfferAnswer): OfferAnswer {
  if (offer.shares.length !== groups.length || offer.shares.some(({ group }, index) => group !== groups[index])) {
    throw new TlsError('service-reply-invalid', 'the key exchange made other shares than it was asked for');
  }
  return offer;
}

/** Fresh key shares for these groups. */
export function* offerShares(groups: readonly number[], step?: OfferStep): Steps<OfferAnswer> {
  return checkShares(groups, yield* ask(keyShares(groups, step)));
}

/** Our groups, without those that only TLS 1.3 has where that is not enabled. */
function offeredGroups(configuration: ClientConfiguration): readonly number[] {
  const { groups } = configuration;
  return versionsOf(configuration).includes('tls13') ? groups : groups.filter((group) => !isPostQuantum(group));
}

/**
 * Whose shares the first hello carries: the group that we like best, and the first of the other kind, so that a server
 * which has no groups with a KEM, or wants one, needs no second hello.
 */
export function groupsToOffer(configuration: ClientConfiguration): readonly number[] {
  const groups = offeredGroups(configuration);
  const firsts = [groups.find(isPostQuantum), groups.find((group) => !isPostQuantum(group))];
  return groups.filter((group) => firsts.includes(group));
}

/** What a ClientHello is made of, beside the configuration. */
export interface HelloParts {
  readonly shares: Offer['shares'];
  readonly resumable: Resumable;
  readonly earlyData: ResumptionPsk | undefined;
  readonly grease: Grease | undefined;
}

/** Our suites for the versions that are enabled, and the signal of a second try (RFC 7507 section 4). */
export function offeredCipherSuites(configuration: ClientConfiguration, grease: Grease | undefined): readonly number[] {
  const versions = versionsOf(configuration);
  return [
    ...(grease === undefined ? [] : [grease.cipherSuite]),
    ...configuration.cipherSuites.filter((code) => {
      const suite = cipherSuite(code);
      return suite !== undefined && versions.includes(suite.version);
    }),
    ...(configuration.fallback === 'yes' ? [CipherSuite.TLS_FALLBACK_SCSV] : []),
  ];
}

type HelloExtension = Extension<ClientHelloExtensions>;

export function clientHelloExtensions(
  configuration: ClientConfiguration,
  parts: HelloParts,
): readonly HelloExtension[] {
  const versions = versionsOf(configuration);
  const { grease, resumable } = parts;
  const [first, last] = grease?.extensions ?? [];
  const extensions: HelloExtension[] = [];
  if (first !== undefined) extensions.push({ name: 'unknown', type: first, data: new Uint8Array(0) });
  extensions.push(...extensionsOfEither(configuration, grease));
  if (versions.includes('tls12')) extensions.push(...extensionsOf12(configuration, resumable.session12));
  if (versions.includes('tls13')) extensions.push(...extensionsOf13(configuration, parts));
  if (last !== undefined) extensions.push({ name: 'unknown', type: last, data: new Uint8Array(1) });
  // The last of all (RFC 8446 section 4.2.11).
  if (resumable.psks.length > 0) {
    extensions.push({ name: 'pre_shared_key', value: preSharedKey(resumable.psks, resumable.date) });
  }
  return extensions;
}

function extensionsOfEither(configuration: ClientConfiguration, grease: Grease | undefined): readonly HelloExtension[] {
  const { serverName, applicationProtocols, recordSizeLimit, maxFragmentLength } = configuration;
  const extensions: HelloExtension[] = [];
  if (!isIpLiteral(serverName)) extensions.push({ name: 'server_name', value: serverName.replace(/\.$/, '') });
  const groups = offeredGroups(configuration);
  // Suites without (EC)DHE need none.
  if (groups.length > 0) extensions.push({ name: 'supported_groups', value: withGrease(grease?.group, groups) });
  extensions.push({
    name: 'signature_algorithms',
    value: withGrease(grease?.signatureScheme, configuration.signatureSchemes),
  });
  if (configuration.certificateSignatureSchemes.length > 0) {
    extensions.push({ name: 'signature_algorithms_cert', value: configuration.certificateSignatureSchemes });
  }
  if (applicationProtocols.length > 0) {
    extensions.push({
      name: 'application_layer_protocol_negotiation',
      value: applicationProtocols.map(protocolNameBytes),
    });
  }
  if (configuration.certificateStatus === 'requested') {
    const value = { statusType: 'ocsp', responderIds: [], requestExtensions: new Uint8Array(0) } as const;
    extensions.push({ name: 'status_request', value });
  }
  if (configuration.signedCertificateTimestamps === 'requested') {
    extensions.push({ name: 'signed_certificate_timestamp', value: {} });
  }
  if (recordSizeLimit !== undefined) extensions.push({ name: 'record_size_limit', value: recordSizeLimit });
  if (maxFragmentLength !== undefined) {
    extensions.push({ name: 'max_fragment_length', value: fragmentLengthCode(maxFragmentLength) });
  }
  return extensions;
}

function extensionsOf12(
  configuration: ClientConfiguration,
  session: ClientSession | undefined,
): readonly HelloExtension[] {
  const extensions: HelloExtension[] = [
    { name: 'extended_master_secret', value: {} },
    { name: 'renegotiation_info', value: new Uint8Array(0) },
    { name: 'ec_point_formats', value: [ECPointFormat.uncompressed] },
  ];
  if (configuration.resumption === 'on') {
    const ticket = session?.handle.kind === 'ticket' ? session.handle.ticket : new Uint8Array(0);
    extensions.push({ name: 'session_ticket', value: ticket });
  }
  if (configuration.cipherSuites.some((code) => cipherSuite(code)?.protection.kind === 'cbc')) {
    extensions.push({ name: 'encrypt_then_mac', value: {} });
  }
  return extensions;
}

function extensionsOf13(
  configuration: ClientConfiguration,
  { shares, grease, earlyData }: HelloParts,
): readonly HelloExtension[] {
  const { authorities, certificateCompression: compression } = configuration;
  const versions = versionsOf(configuration).map((version) => versionCode[version]);
  const extensions: HelloExtension[] = [
    { name: 'supported_versions', value: withGrease(grease?.version, versions) },
    { name: 'key_share', value: [...greaseShare(grease), ...keyShareEntries(shares)] },
  ];
  if (configuration.resumption === 'on') {
    const value = withGrease(grease?.pskKeyExchangeMode, configuration.pskKeyExchangeModes);
    extensions.push({ name: 'psk_key_exchange_modes', value });
  }
  if (compression.length > 0) {
    extensions.push({ name: 'compress_certificate', value: compression.map(({ algorithm }) => algorithm) });
  }
  if (authorities.length > 0) extensions.push({ name: 'certificate_authorities', value: authorities });
  if (configuration.postHandshakeAuthentication === 'offered') {
    extensions.push({ name: 'post_handshake_auth', value: {} });
  }
  if (earlyData !== undefined) extensions.push({ name: 'early_data', value: {} });
  return extensions;
}

function withGrease(reserved: number | undefined, values: readonly number[]): readonly number[] {
  return reserved === undefined ? values : [reserved, ...values];
}

/** A share of one byte, which is none (RFC 8701 section 3.1). */
function greaseShare(grease: Grease | undefined): readonly KeyShareEntry[] {
  return grease === undefined ? [] : [{ group: grease.group, keyExchange: new Uint8Array(1) }];
}

export function keyShareEntries(shares: Offer['shares']): readonly KeyShareEntry[] {
  return shares.map(({ group, share }) => ({ group, keyExchange: share }));
}
