import type { PublicKeyKind } from '@handfast/crypto';
import {
  type CipherSuiteParameters,
  finishedVerifyData12,
  groupFits,
  keyBlock12,
  type MasterSecretDerivation,
} from '@handfast/key-exchange';
import {
  CipherSuite,
  ClientCertificateType,
  type ClientHello,
  ECPointFormat,
  type Extension,
  encodeServerKeyExchange,
  findExtension,
  NamedGroup,
  nameOf,
  ProtocolVersion,
  readClientKeyExchange,
  type ServerHelloExtensions,
  SignatureScheme,
  TlsError,
} from '@handfast/wire';
import { afterHandshake12 } from './after-12.ts';
import { type ServerConfiguration, versionsOf } from './configuration.ts';
import { type Ask, ask, askBoth, type Machine, type Steps } from './effects.ts';
import { receiveFinished } from './finished.ts';
import { type Handshake, ofLength, receive, send } from './handshake.ts';
import {
  checkCompression,
  checkPointFormats,
  cut,
  downgradeSentinel,
  exchangeLengthsOf,
  masterSecretLength,
  namesOf,
  protocolNameBytes,
} from './hellos.ts';
import {
  type CredentialChoice,
  chooseApplicationProtocol,
  chooseCredential,
  commonCipherSuites,
  commonGroups,
  noCommonCipherSuite,
  noCommonGroup,
} from './negotiation.ts';
import { openConnection12 } from './open-connection.ts';
import { accept, chainValidation, type PeerAuthentication, type PeerCertificate, provePossession } from './peer.ts';
import { protection12 } from './traffic-12.ts';

/** The TLS 1.2 handshake as a server: the thirteen messages of design section 2 (RFC 5246 section 7.3). */
export function* serverHandshake12(handshake: Handshake<ServerConfiguration>, hello: ClientHello): Machine {
  const { configuration, crypto, transcript } = handshake;
  checkCompression(hello, 'tls12');
  checkRenegotiation(hello);
  checkPointFormats(findExtension(hello.extensions, 'ec_point_formats'), 'ClientHello');
  const group = chooseGroup(configuration, hello);
  const { suite, credential, scheme } = chooseSuite(configuration, hello);
  const applicationProtocol = chooseApplicationProtocol(configuration, hello);
  const extendedMasterSecret = findExtension(hello.extensions, 'extended_master_secret') !== undefined;
  transcript.hashWith(suite.hash);
  yield {
    kind: 'negotiated',
    facts: {
      cipherSuite: suite.name,
      group: nameOf(NamedGroup, group),
      serverSignatureScheme: nameOf(SignatureScheme, scheme),
      serverChain: credential.chain,
      extendedMasterSecret,
      ...(applicationProtocol === undefined ? {} : { applicationProtocol }),
    },
  };

  const clientRandom = hello.random;
  const serverRandom = makeServerRandom(handshake);
  yield* send(handshake, {
    type: 'ServerHello',
    legacyVersion: ProtocolVersion.tls12,
    random: serverRandom,
    legacySessionIdEcho: new Uint8Array(0),
    cipherSuite: suite.code,
    legacyCompressionMethod: 0,
    extensions: serverHelloExtensions(hello, applicationProtocol, extendedMasterSecret),
  });
  yield* send(handshake, { type: 'Certificate', version: 'tls12', certificateList: credential.chain });

  const begun = yield* ask({
    step: 'ServerKeyExchange',
    port: 'key-exchange',
    operation: 'startServer',
    call: ({ keyExchange }, context) =>
      keyExchange.startServer({ group, keyId: credential.keyId, scheme, clientRandom, serverRandom }, context),
  });
  yield* send(handshake, {
    type: 'ServerKeyExchange',
    exchangeKeys: encodeServerKeyExchange('ecdhe', {
      params: {
        namedCurve: group,
        publicKey: ofLength(begun.share, exchangeLengthsOf(group).serverShare, 'a key share'),
      },
      signatureScheme: scheme,
      signature: begun.signature,
    }),
  });
  if (configuration.clientAuthentication !== 'none') {
    yield* send(handshake, {
      type: 'CertificateRequest',
      version: 'tls12',
      certificateTypes: [ClientCertificateType.ecdsa_sign, ClientCertificateType.rsa_sign],
      supportedSignatureAlgorithms: configuration.signatureSchemes,
      certificateAuthorities: configuration.authorities,
    });
  }
  yield* send(handshake, { type: 'ServerHelloDone' });

  const chain = yield* receiveClientChain(handshake);
  const { exchangeKeys } = yield* receive(handshake, 'tls12', 'ClientKeyExchange');
  const peerShare = readClientKeyExchange('ecdhe', exchangeKeys);
  const derivation: MasterSecretDerivation = extendedMasterSecret
    ? { kind: 'extended', hash: suite.hash, sessionHash: transcript.hash() }
    : { kind: 'classic', hash: suite.hash, clientRandom, serverRandom };
  const agreement: Ask<{ readonly secret: Uint8Array }> = {
    step: 'ClientKeyExchange',
    port: 'key-exchange',
    operation: 'agree',
    call: ({ keyExchange }, context) =>
      keyExchange.agree(
        {
          continuation: begun.continuation,
          group,
          peerShare,
          masterSecret: derivation,
        },
        context,
      ),
  };
  // The verdict on the client's chain does not depend on the secret: both are asked for at once.
  let secret: Uint8Array;
  let client: PeerAuthentication = 'without-certificate';
  if (chain === undefined) {
    secret = (yield* ask(agreement)).secret;
  } else {
    const [agreed, verdict] = yield* askBoth(
      agreement,
      chainValidation(handshake, chain, { step: 'ClientKeyExchange' }),
    );
    secret = agreed.secret;
    client = yield* receiveCertificateVerify(handshake, yield* accept(handshake, chain, verdict));
  }
  const masterSecret = ofLength(secret, masterSecretLength, 'a master secret');

  const keys = keyBlock12(crypto, suite, masterSecret, clientRandom, serverRandom);
  yield { kind: 'receive-change-cipher-spec' };
  yield { kind: 'protect', direction: 'reads', protection: protection12(crypto, suite, keys.client, false) };
  const expected = finishedVerifyData12(crypto, suite.hash, masterSecret, 'client', transcript.hash());
  yield* receiveFinished(handshake, 'tls12', expected, client);

  yield { kind: 'send-change-cipher-spec' };
  yield { kind: 'protect', direction: 'writes', protection: protection12(crypto, suite, keys.server, false) };
  yield* send(handshake, {
    type: 'Finished',
    verifyData: finishedVerifyData12(crypto, suite.hash, masterSecret, 'server', transcript.hash()),
  });
  yield { kind: 'completed' };
  yield {
    kind: 'open',
    connection: openConnection12({
      crypto,
      suite,
      masterSecret,
      extendedMasterSecret,
      clientRandom,
      serverRandom,
      peer: client,
      serverCertificate: credential.chain[0],
      firstFinished: expected,
    }),
  };
  return afterHandshake12('server');
}

/** A first handshake has no verify_data to bind to (RFC 5746 section 3.6). */
function checkRenegotiation(hello: ClientHello): void {
  const info = findExtension(hello.extensions, 'renegotiation_info');
  if (info !== undefined && info.length > 0) {
    throw new TlsError('secure-renegotiation-mismatch', 'renegotiation_info of a first ClientHello must be empty', {
      step: 'ClientHello',
    });
  }
}

/** The first of our elliptic-curve groups that the client has; one that says nothing gets P-256 (RFC 8422 section 4). */
function chooseGroup(configuration: ServerConfiguration, hello: ClientHello): number {
  const silent = findExtension(hello.extensions, 'supported_groups') === undefined;
  const candidates = silent
    ? configuration.groups.filter((group) => group === NamedGroup.secp256r1)
    : commonGroups(configuration, hello);
  const group = candidates.find((candidate) => groupFits(candidate, 'ecdhe'));
  if (group === undefined) throw noCommonGroup(configuration, hello);
  return group;
}

/** The suite fixes the kind of certificate in TLS 1.2, so both are chosen together. */
function chooseSuite(
  configuration: ServerConfiguration,
  hello: ClientHello,
): CredentialChoice & { readonly suite: CipherSuiteParameters } {
  const schemes = findExtension(hello.extensions, 'signature_algorithms') ?? [];
  const serverName = findExtension(hello.extensions, 'server_name');
  const suites = commonCipherSuites(configuration, hello, 'tls12');
  for (const suite of suites) {
    const choice = chooseCredential(configuration.credentials, schemes, 'tls12', serverName, (kind) =>
      suite.authentication === 'rsa' ? kind.startsWith('rsa') : !kind.startsWith('rsa') && hasCurveOf(hello, kind),
    );
    if (choice !== undefined) return { ...choice, suite };
  }
  if (suites.length === 0) throw noCommonCipherSuite(hello);
  throw new TlsError(
    'no-common-signature-scheme',
    `none of our certificates fits ${suites.map((suite) => suite.name).join(', ')} with ${namesOf(SignatureScheme, cut(schemes)).join(', ') || 'SHA-1, all that the client verifies'}`,
  );
}

/** An ECDSA certificate must be on a curve that the client has, if it says which those are (RFC 8422 section 5.3). */
function hasCurveOf(hello: ClientHello, kind: PublicKeyKind): boolean {
  const curve = curveOf[kind];
  const offered = findExtension(hello.extensions, 'supported_groups');
  return curve === undefined || offered === undefined || offered.includes(curve);
}

const curveOf: Readonly<Partial<Record<PublicKeyKind, number>>> = {
  'ecdsa-p256': NamedGroup.secp256r1,
  'ecdsa-p384': NamedGroup.secp384r1,
  'ecdsa-p521': NamedGroup.secp521r1,
};

/** A server that could speak TLS 1.3 says so in its random, so that a client notices a forced downgrade. */
function makeServerRandom({ configuration, crypto }: Handshake): Uint8Array {
  const random = Uint8Array.from(crypto.randomBytes(32));
  if (versionsOf(configuration).includes('tls13')) random.set(downgradeSentinel.tls12, 24);
  return random;
}

function serverHelloExtensions(
  hello: ClientHello,
  applicationProtocol: string | undefined,
  extendedMasterSecret: boolean,
): readonly Extension<ServerHelloExtensions>[] {
  const extensions: Extension<ServerHelloExtensions>[] = [];
  const signalsRenegotiation =
    findExtension(hello.extensions, 'renegotiation_info') !== undefined ||
    hello.cipherSuites.includes(CipherSuite.TLS_EMPTY_RENEGOTIATION_INFO_SCSV);
  if (signalsRenegotiation) extensions.push({ name: 'renegotiation_info', value: new Uint8Array(0) });
  if (extendedMasterSecret) extensions.push({ name: 'extended_master_secret', value: {} });
  if (findExtension(hello.extensions, 'ec_point_formats') !== undefined) {
    extensions.push({ name: 'ec_point_formats', value: [ECPointFormat.uncompressed] });
  }
  if (applicationProtocol !== undefined) {
    extensions.push({
      name: 'application_layer_protocol_negotiation',
      value: protocolNameBytes(applicationProtocol),
    });
  }
  return extensions;
}

/** The client's chain; undefined where none was asked for or, if that is acceptable, none came. */
function* receiveClientChain(handshake: Handshake<ServerConfiguration>): Steps<readonly Uint8Array[] | undefined> {
  const { clientAuthentication } = handshake.configuration;
  if (clientAuthentication === 'none') {
    yield { kind: 'negotiated', facts: { clientCertificate: 'not-requested' } };
    return undefined;
  }
  const { certificateList } = yield* receive(handshake, 'tls12', 'Certificate');
  const presented = certificateList.length > 0;
  yield { kind: 'negotiated', facts: { clientCertificate: presented ? 'presented' : 'absent' } };
  if (presented) return certificateList;
  if (clientAuthentication === 'optional') return undefined;
  // TLS 1.2 has no certificate_required (RFC 5246 section 7.4.6).
  throw new TlsError('certificate-required', 'the client presented no certificate', {
    step: 'Certificate',
    alert: 'handshake_failure',
  });
}

function* receiveCertificateVerify(handshake: Handshake, peer: PeerCertificate): Steps<PeerAuthentication> {
  // RFC 5246 section 7.4.8: over all handshake messages up to, and not with, this one.
  const content = handshake.transcript.bytes();
  const { algorithm: scheme, signature } = yield* receive(handshake, 'tls12', 'CertificateVerify');
  yield { kind: 'negotiated', facts: { clientSignatureScheme: nameOf(SignatureScheme, scheme) } };
  return provePossession(handshake, 'tls12', peer, { scheme, content, signature }, 'CertificateVerify');
}
