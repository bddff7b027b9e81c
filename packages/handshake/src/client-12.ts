import {
  type CipherSuiteParameters,
  cipherSuite,
  finishedVerifyData12,
  groupFits,
  keyBlock12,
  type MasterSecretDerivation,
  serverKeyExchangeContent,
} from '@handfast/key-exchange';
import {
  type CertificateRequest12,
  CipherSuite,
  ClientCertificateType,
  encodeClientKeyExchange,
  encodeServerParams,
  findExtension,
  NamedGroup,
  nameOf,
  readServerKeyExchange,
  type ServerEcdhParams,
  type ServerHello,
  SignatureScheme,
  type SignedParams,
  TlsError,
} from '@handfast/wire';
import { afterHandshake12 } from './after-12.ts';
import { type Offer, offerShares } from './client-offer.ts';
import type { ClientConfiguration } from './configuration.ts';
import { ask, type Machine, type Steps } from './effects.ts';
import { receiveFinished } from './finished.ts';
import { type Handshake, ofLength, receive, send } from './handshake.ts';
import { checkPointFormats, masterSecretLength } from './hellos.ts';
import { type CredentialChoice, chooseCredential } from './negotiation.ts';
import { openConnection12 } from './open-connection.ts';
import { type PeerCertificate, type ProvenPeer, provePossession, validateChain } from './peer.ts';
import { offeredProtocol } from './server-answer.ts';
import { protection12 } from './traffic-12.ts';

/** The TLS 1.2 handshake as a client: the thirteen messages of design section 2, from ServerHello on. */
export function* clientHandshake12(
  handshake: Handshake<ClientConfiguration>,
  offer: Offer,
  serverHello: ServerHello,
): Machine {
  const { crypto, transcript } = handshake;
  const suite = chosenSuite(serverHello);
  const extendedMasterSecret = findExtension(serverHello.extensions, 'extended_master_secret') !== undefined;
  checkRenegotiation(serverHello);
  checkPointFormats(findExtension(serverHello.extensions, 'ec_point_formats'), 'ServerHello');
  checkNotOfTls13(handshake, offer, serverHello);
  const chosenProtocol = findExtension(serverHello.extensions, 'application_layer_protocol_negotiation');
  transcript.hashWith(suite.hash);
  yield {
    kind: 'negotiated',
    facts: {
      cipherSuite: suite.name,
      extendedMasterSecret,
      ...(chosenProtocol === undefined
        ? {}
        : { applicationProtocol: offeredProtocol(handshake.configuration, chosenProtocol, 'ServerHello') }),
    },
  };
  const clientRandom = offer.hello.random;
  const serverRandom = serverHello.random;

  const peer = yield* receiveServerChain(handshake);
  const { exchangeKeys } = yield* receive(handshake, 'tls12', 'ServerKeyExchange');
  const serverKeyExchange = readServerKeyExchange('ecdhe', exchangeKeys);
  const group = chosenGroup(handshake.configuration, serverKeyExchange);
  const server = proveServer(handshake, suite, peer, serverKeyExchange, clientRandom, serverRandom);
  yield {
    kind: 'negotiated',
    facts: {
      group: nameOf(NamedGroup, group),
      serverSignatureScheme: nameOf(SignatureScheme, serverKeyExchange.signatureScheme),
    },
  };
  const certificateRequest = yield* receiveUpToServerHelloDone(handshake);

  const choice = certificateRequest === undefined ? undefined : chooseOwn(handshake.configuration, certificateRequest);
  if (certificateRequest !== undefined) {
    const certificateList = choice?.credential.chain ?? [];
    yield* send(handshake, { type: 'Certificate', version: 'tls12', certificateList });
  }
  yield { kind: 'negotiated', facts: clientCertificateFacts(certificateRequest, choice) };

  const { share, continuation } = yield* shareFor(offer, group);
  yield* send(handshake, { type: 'ClientKeyExchange', exchangeKeys: encodeClientKeyExchange('ecdhe', share) });
  const derivation: MasterSecretDerivation = extendedMasterSecret
    ? { kind: 'extended', hash: suite.hash, sessionHash: transcript.hash() }
    : { kind: 'classic', hash: suite.hash, clientRandom, serverRandom };
  const { secret } = yield* ask({
    step: 'ClientKeyExchange',
    port: 'key-exchange',
    operation: 'agree',
    call: ({ keyExchange }, context) =>
      keyExchange.agree(
        { continuation, group, peerShare: serverKeyExchange.params.publicKey, masterSecret: derivation },
        context,
      ),
  });
  const masterSecret = ofLength(secret, masterSecretLength, 'a master secret');
  if (choice !== undefined) yield* sendCertificateVerify(handshake, choice);

  const keys = keyBlock12(crypto, suite, masterSecret, clientRandom, serverRandom);
  yield { kind: 'send-change-cipher-spec' };
  yield { kind: 'protect', direction: 'writes', protection: protection12(crypto, suite, keys.client, false) };
  const firstFinished = finishedVerifyData12(crypto, suite.hash, masterSecret, 'client', transcript.hash());
  yield* send(handshake, { type: 'Finished', verifyData: firstFinished });

  yield { kind: 'receive-change-cipher-spec' };
  yield { kind: 'protect', direction: 'reads', protection: protection12(crypto, suite, keys.server, false) };
  const expected = finishedVerifyData12(crypto, suite.hash, masterSecret, 'server', transcript.hash());
  yield* receiveFinished(handshake, 'tls12', expected, server);
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
      peer: server,
      serverCertificate: peer.chain[0],
      firstFinished,
    }),
  };
  return afterHandshake12('client');
}

function chosenSuite(serverHello: ServerHello): CipherSuiteParameters {
  const suite = cipherSuite(serverHello.cipherSuite);
  if (suite?.version !== 'tls12') {
    throw new TlsError(
      'illegal-parameter',
      `${nameOf(CipherSuite, serverHello.cipherSuite)} is no TLS 1.2 cipher suite`,
      {
        step: 'ServerHello',
      },
    );
  }
  return suite;
}

/** What we offered for TLS 1.3 alone must not be taken up (RFC 8446 sections 4.2 and appendix D.4). */
function checkNotOfTls13({ crypto }: Handshake, { hello }: Offer, serverHello: ServerHello): void {
  const step = 'ServerHello';
  if (findExtension(serverHello.extensions, 'key_share') !== undefined) {
    throw new TlsError('misplaced-extension', 'key_share does not belong into a TLS 1.2 ServerHello', { step });
  }
  const sent = hello.legacySessionId;
  if (sent.length > 0 && crypto.equal(sent, serverHello.legacySessionIdEcho)) {
    throw new TlsError('illegal-parameter', 'the server resumes a session that there never was', { step });
  }
}

/** We never renegotiate, but a server that cannot say so is open to an attacker's prefix (RFC 5746 sections 3.4 and 4.1). */
function checkRenegotiation(serverHello: ServerHello): void {
  const info = findExtension(serverHello.extensions, 'renegotiation_info');
  if (info?.length !== 0) {
    throw new TlsError(
      'secure-renegotiation-mismatch',
      info === undefined
        ? 'the server does not support secure renegotiation (RFC 5746)'
        : 'renegotiation_info of a first ServerHello must be empty',
      { step: 'ServerHello' },
    );
  }
}

function* receiveServerChain(handshake: Handshake<ClientConfiguration>): Steps<PeerCertificate> {
  const { certificateList } = yield* receive(handshake, 'tls12', 'Certificate');
  if (certificateList.length === 0) {
    throw new TlsError('certificate-missing', 'the server presented no certificate', { step: 'Certificate' });
  }
  return yield* validateChain(handshake, certificateList);
}

function chosenGroup(configuration: ClientConfiguration, { params }: SignedParams<ServerEcdhParams>): number {
  const group = params.namedCurve;
  if (!configuration.groups.includes(group) || !groupFits(group, 'ecdhe')) {
    throw new TlsError('illegal-parameter', `the server chose ${nameOf(NamedGroup, group)}, which we did not offer`, {
      step: 'ServerKeyExchange',
    });
  }
  return group;
}

/** The server's signature over its share, and that its key is of the kind that the suite names (RFC 8422 section 2). */
function proveServer(
  handshake: Handshake,
  suite: CipherSuiteParameters,
  peer: PeerCertificate,
  { params, signatureScheme: scheme, signature }: SignedParams<ServerEcdhParams>,
  clientRandom: Uint8Array,
  serverRandom: Uint8Array,
): ProvenPeer {
  const step = 'ServerKeyExchange';
  const content = serverKeyExchangeContent(clientRandom, serverRandom, encodeServerParams('ecdhe', params));
  const isRsa = nameOf(SignatureScheme, scheme).startsWith('rsa');
  if (isRsa !== (suite.authentication === 'rsa')) {
    throw new TlsError('illegal-parameter', `${nameOf(SignatureScheme, scheme)} does not fit ${suite.name}`, { step });
  }
  return provePossession(handshake, 'tls12', peer, { scheme, content, signature }, step);
}

function* receiveUpToServerHelloDone(
  handshake: Handshake<ClientConfiguration>,
): Steps<CertificateRequest12 | undefined> {
  const message = yield* receive(handshake, 'tls12', 'CertificateRequest', 'ServerHelloDone');
  if (message.type === 'ServerHelloDone') return undefined;
  yield* receive(handshake, 'tls12', 'ServerHelloDone');
  return message;
}

/** A credential of a type that the server takes (RFC 5246 section 7.4.6); `ecdsa_sign` covers Ed25519 (RFC 8422 section 5.5). */
function chooseOwn(
  { credentials }: ClientConfiguration,
  { certificateTypes, supportedSignatureAlgorithms }: CertificateRequest12,
): CredentialChoice | undefined {
  return chooseCredential(credentials, supportedSignatureAlgorithms, 'tls12', undefined, (kind) =>
    certificateTypes.includes(
      kind.startsWith('rsa') ? ClientCertificateType.rsa_sign : ClientCertificateType.ecdsa_sign,
    ),
  );
}

function clientCertificateFacts(request: CertificateRequest12 | undefined, choice: CredentialChoice | undefined) {
  if (request === undefined) return { clientCertificate: 'not-requested' } as const;
  if (choice === undefined) return { clientCertificate: 'absent' } as const;
  return {
    clientCertificate: 'presented',
    clientChain: choice.credential.chain,
    clientSignatureScheme: nameOf(SignatureScheme, choice.scheme),
  } as const;
}

/** A share for the server's group: the one that the ClientHello carried, if it is of that group, or a fresh one. */
function* shareFor(offer: Offer, group: number) {
  const offered = offer.shares.find((entry) => entry.group === group);
  if (offered !== undefined) return { share: offered.share, continuation: offer.continuation };
  const { shares, continuation } = yield* offerShares([group], 'ClientKeyExchange');
  const [fresh] = shares;
  return { share: fresh?.share ?? new Uint8Array(0), continuation };
}

function* sendCertificateVerify(
  handshake: Handshake<ClientConfiguration>,
  { credential, scheme }: CredentialChoice,
): Steps<void> {
  const content = handshake.transcript.bytes();
  const { signature } = yield* ask({
    step: 'CertificateVerify',
    port: 'key-exchange',
    operation: 'sign',
    call: ({ keyExchange }, context) => keyExchange.sign({ keyId: credential.keyId, scheme, content }, context),
  });
  yield* send(handshake, { type: 'CertificateVerify', algorithm: scheme, signature });
}
