import type { Continuation, OfferAnswer } from '@handfast/key-exchange';
import {
  CipherSuite,
  type ClientHello,
  type ClientHelloExtensions,
  ECPointFormat,
  type Extension,
  ExtensionType,
  findExtension,
  type HelloRetryRequest,
  type KeyShareEntry,
  type MessageVersion,
  NamedGroup,
  nameOf,
  type ServerHello,
  TlsError,
} from '@handfast/wire';
import { clientHandshake12 } from './client-12.ts';
import { clientHandshake13 } from './client-13.ts';
import { type ClientConfiguration, versionsOf } from './configuration.ts';
import { ask, type Machine, type Steps } from './effects.ts';
import { type Handshake, receive, send } from './handshake.ts';
import { downgradeSentinel, endsWith, isIpLiteral, protocolName, protocolNameBytes, versionCode } from './hellos.ts';
import { versionText } from './negotiation.ts';

/** What a client has sent: its hello, and the key shares behind it. */
export interface Offer {
  readonly hello: ClientHello;
  readonly shares: readonly { readonly group: number; readonly share: Uint8Array }[];
  readonly continuation: Continuation;
}

/** The client's side of every handshake, up to the server's choice of version. */
export function* clientHandshake(handshake: Handshake<ClientConfiguration>): Machine {
  const { configuration, crypto } = handshake;
  const versions = versionsOf(configuration);
  const random = crypto.randomBytes(32);
  yield { kind: 'begin', clientRandom: random };

  const { shares, continuation } = yield* offerShares(groupsToOffer(configuration));
  const hello: ClientHello = {
    type: 'ClientHello',
    legacyVersion: versionCode.tls12,
    random,
    // A session ID makes middleboxes take the handshake for a TLS 1.2 resumption (RFC 8446 appendix D.4).
    legacySessionId: versions.includes('tls13') ? crypto.randomBytes(32) : new Uint8Array(0),
    cipherSuites: configuration.cipherSuites,
    legacyCompressionMethods: [0],
    extensions: clientHelloExtensions(
      configuration,
      shares.map(({ group, share }) => ({ group, keyExchange: share })),
    ),
  };
  yield { kind: 'offered', hello };
  yield* send(handshake, hello);
  if (versions.includes('tls13')) yield { kind: 'change-cipher-specs', policy: 'dropped' };

  const answer = yield* receive(handshake, 'tls13', 'HelloRetryRequest', 'ServerHello');
  const version = versionChosen(configuration, hello, answer);
  yield { kind: 'negotiated', facts: { protocol: protocolName[version] } };
  const offer: Offer = { hello, shares, continuation };
  if (version === 'tls13' || answer.type === 'HelloRetryRequest') {
    return yield* clientHandshake13(handshake, offer, answer);
  }
  yield { kind: 'change-cipher-specs', policy: 'refused' };
  return yield* clientHandshake12(handshake, offer, answer);
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
function groupsToOffer(configuration: ClientConfiguration): readonly number[] {
  const [first, ...others] = configuration.groups;
  if (first === undefined) return [];
  if (first !== NamedGroup.X25519MLKEM768) return [first];
  return [first, ...others.slice(0, 1)];
}

function clientHelloExtensions(
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

/** The version that the server chose, which must be one that we offered and no disguised downgrade (RFC 8446 section 4.1.3). */
export function versionChosen(
  configuration: ClientConfiguration,
  hello: ClientHello,
  answer: ServerHello | HelloRetryRequest,
): MessageVersion {
  const step = answer.type;
  const version = selectedVersion(answer) === undefined ? 'tls12' : 'tls13';
  const enabled = versionsOf(configuration);
  if (version === 'tls13') {
    // RFC 8446 section 4.2.1: only with TLS 1.3 does supported_versions belong into an answer.
    const selected = selectedVersion(answer);
    if (selected !== versionCode.tls13 || !enabled.includes('tls13') || answer.legacyVersion !== versionCode.tls12) {
      throw new TlsError('illegal-parameter', 'supported_versions names a version that we did not offer', { step });
    }
  } else if (answer.legacyVersion !== versionCode.tls12 || !enabled.includes('tls12')) {
    const name = versionText(answer.legacyVersion);
    throw new TlsError('no-common-version', `the server chose ${name}, which we did not offer`, { step });
  } else if (answer.type === 'HelloRetryRequest') {
    throw new TlsError('unexpected-message', 'a HelloRetryRequest belongs to TLS 1.3', { step });
  } else if (enabled.includes('tls13') && isDowngrade(answer)) {
    throw new TlsError('downgrade-detected', 'the server speaks TLS 1.3, but somebody made it choose less', { step });
  }
  checkChoice(hello, answer, version);
  return version;
}

function isDowngrade({ random }: ServerHello): boolean {
  return endsWith(random, downgradeSentinel.tls12) || endsWith(random, downgradeSentinel.older);
}

function selectedVersion(answer: ServerHello | HelloRetryRequest): number | undefined {
  return answer.type === 'ServerHello'
    ? findExtension(answer.extensions, 'supported_versions')
    : findExtension(answer.extensions, 'supported_versions');
}

/** What any ServerHello must keep to, whatever the version. */
function checkChoice(hello: ClientHello, answer: ServerHello | HelloRetryRequest, version: MessageVersion): void {
  const step = answer.type;
  if (!hello.cipherSuites.includes(answer.cipherSuite)) {
    throw new TlsError(
      'illegal-parameter',
      `the server chose ${nameOf(CipherSuite, answer.cipherSuite)}, which we did not offer`,
      { step },
    );
  }
  if (answer.legacyCompressionMethod !== 0) {
    throw new TlsError('illegal-parameter', 'the server chose compression', { step });
  }
  // Some servers of TLS 1.2 send supported_groups too; there it means nothing.
  const isStray = ({ name, type }: { readonly name: string; readonly type?: number }) =>
    version === 'tls12' && name === 'unknown' && type === ExtensionType.supported_groups;
  const extensions = (answer.extensions as readonly Extension<unknown>[]).filter((extension) => !isStray(extension));
  checkAnswered(hello.extensions, extensions, step, step === 'HelloRetryRequest' ? ['cookie'] : []);
}

/**
 * An answer may only carry extensions that we sent (RFC 8446 section 4.2, RFC 5246 section 7.4.1.4), but for those in
 * `unasked`; and only those that belong in that message, which are the ones that its decoder knows.
 */
export function checkAnswered(
  sent: readonly Extension<ClientHelloExtensions>[],
  received: readonly { readonly name: string; readonly type?: number }[],
  step: 'ServerHello' | 'HelloRetryRequest' | 'EncryptedExtensions' | 'Certificate',
  unasked: readonly string[] = [],
): void {
  for (const extension of received) {
    if (extension.name === 'unknown') {
      const code = extension.type ?? -1;
      const known = sent.some(({ name }) => name !== 'unknown' && ExtensionType[name] === code);
      throw new TlsError(
        known ? 'misplaced-extension' : 'unsolicited-extension',
        `${nameOf(ExtensionType, code)} ${known ? `does not belong into ${step}` : 'is an answer to nothing that we sent'}`,
        { step },
      );
    }
    if (!unasked.includes(extension.name) && !sent.some(({ name }) => name === extension.name)) {
      throw new TlsError('unsolicited-extension', `${extension.name} is an answer to nothing that we sent`, { step });
    }
  }
}
