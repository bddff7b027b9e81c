import {
  type CipherSuiteParameters,
  certificateVerifyContent13,
  finishedVerifyData13,
  KeySchedule13,
} from '@handfast/key-exchange';
import {
  type ClientHello,
  concat,
  type Extension,
  ExtensionType,
  encodeHandshake,
  findExtension,
  type HelloRetryRequestExtensions,
  type KeyShareEntry,
  NamedGroup,
  nameOf,
  ProtocolVersion,
  type ServerHelloExtensions,
  SignatureScheme,
  TlsError,
} from '@handfast/wire';
import { afterServerHandshake13 } from './after-server-13.ts';
import type { ServerConfiguration } from './configuration.ts';
import { ask, type Machine, type Steps } from './effects.ts';
import { receiveFinished } from './finished.ts';
import { type Handshake, ofLength, receive, send, sendEncoded } from './handshake.ts';
import { checkCompression, cut, exchangeLengthsOf, namesOf, protocolNameBytes } from './hellos.ts';
import {
  type CredentialChoice,
  chooseApplicationProtocol,
  chooseCredential,
  commonCipherSuites,
  commonGroups,
  noCommonCipherSuite,
  noCommonGroup,
} from './negotiation.ts';
import { openConnection13 } from './open-connection.ts';
import { type PeerAuthentication, provePossession, validateChain } from './peer.ts';
import { ApplicationTraffic, protection13 } from './traffic-13.ts';

/** The TLS 1.3 handshake as a server (RFC 8446 section 2, appendix A.2). */
export function* serverHandshake13(handshake: Handshake<ServerConfiguration>, firstHello: ClientHello): Machine {
  const { configuration, crypto, transcript } = handshake;
  checkMandatory(firstHello);
  const suite = chooseSuite(configuration, firstHello);
  transcript.hashWith(suite.hash);
  yield { kind: 'change-cipher-specs', policy: 'dropped' };

  const { hello, clientShare } = yield* agreeOnGroup(handshake, firstHello, suite);
  const choice = chooseSigner(configuration, hello);
  const applicationProtocol = chooseApplicationProtocol(configuration, hello);
  yield {
    kind: 'negotiated',
    facts: {
      cipherSuite: suite.name,
      group: nameOf(NamedGroup, clientShare.group),
      serverSignatureScheme: nameOf(SignatureScheme, choice.scheme),
      serverChain: choice.credential.chain,
      ...(applicationProtocol === undefined ? {} : { applicationProtocol }),
    },
  };

  // The KeyExchange makes the share, the secret and the signature in one answer (design section 4, hop budget), and so
  // gets everything that it signs over, with a gap where its own share will stand: at the end of ServerHello.
  const { serverShare: shareLength, secret: secretLength } = exchangeLengthsOf(clientShare.group);
  const serverHello = encodeServerHello(handshake, hello, suite, clientShare.group, shareLength);
  const encryptedExtensions = encodeHandshake({
    type: 'EncryptedExtensions',
    extensions:
      applicationProtocol === undefined
        ? []
        : [{ name: 'application_layer_protocol_negotiation', value: protocolNameBytes(applicationProtocol) }],
  });
  const certificateRequest = encodeCertificateRequest(configuration);
  const certificate = encodeHandshake({
    type: 'Certificate',
    version: 'tls13',
    certificateRequestContext: new Uint8Array(0),
    certificateList: choice.credential.chain.map((certData) => ({ certData, extensions: [] })),
  });
  const gap = serverHello.length - shareLength;
  const beforeShare = transcript.bytes(serverHello.subarray(0, gap));
  const afterShare = concatDefined(encryptedExtensions, certificateRequest, certificate);
  const answer = yield* ask({
    step: 'ServerHello',
    port: 'key-exchange',
    operation: 'respond',
    call: ({ keyExchange }, context) =>
      keyExchange.respond(
        {
          group: clientShare.group,
          clientShare: clientShare.keyExchange,
          signature: {
            keyId: choice.credential.keyId,
            scheme: choice.scheme,
            hash: suite.hash,
            beforeShare,
            afterShare,
          },
        },
        context,
      ),
  });
  serverHello.set(ofLength(answer.share, shareLength, 'a key share'), gap);

  yield* sendEncoded(handshake, 'ServerHello', serverHello);
  const schedule = new KeySchedule13(crypto, suite.hash);
  const handshakeSecrets = schedule.enterHandshake(
    ofLength(answer.secret, secretLength, 'a shared secret'),
    transcript.hash(),
  );
  if (hello.legacySessionId.length > 0 && hello === firstHello) yield { kind: 'send-change-cipher-spec' };
  yield { kind: 'protect', direction: 'writes', protection: protection13(crypto, suite, handshakeSecrets.server) };
  yield { kind: 'protect', direction: 'reads', protection: protection13(crypto, suite, handshakeSecrets.client) };

  yield* sendEncoded(handshake, 'EncryptedExtensions', encryptedExtensions);
  if (certificateRequest !== undefined) yield* sendEncoded(handshake, 'CertificateRequest', certificateRequest);
  yield* sendEncoded(handshake, 'Certificate', certificate);
  const { signature } = answer;
  if (signature === undefined)
    throw new TlsError('service-reply-invalid', 'no signature', { step: 'CertificateVerify' });
  yield* send(handshake, { type: 'CertificateVerify', algorithm: choice.scheme, signature });
  yield* send(handshake, {
    type: 'Finished',
    verifyData: finishedVerifyData13(crypto, suite.hash, handshakeSecrets.server, transcript.hash()),
  });
  const applicationSecrets = schedule.enterApplication(transcript.hash());
  const writes = new ApplicationTraffic(crypto, suite, applicationSecrets.server);
  yield { kind: 'protect', direction: 'writes', protection: writes.protection() };
  // The server is done, and does not know yet whether the client is content with it.
  yield { kind: 'completed' };

  const client = yield* authenticateClient(handshake);
  const expected = finishedVerifyData13(crypto, suite.hash, handshakeSecrets.client, transcript.hash());
  yield* receiveFinished(handshake, 'tls13', expected, client);
  const reads = new ApplicationTraffic(crypto, suite, applicationSecrets.client);
  yield { kind: 'protect', direction: 'reads', protection: reads.protection() };
  yield { kind: 'change-cipher-specs', policy: 'refused' };
  yield {
    kind: 'open',
    connection: openConnection13({
      crypto,
      suite,
      exporterSecret: applicationSecrets.exporter,
      peer: client,
      serverCertificate: choice.credential.chain[0],
      writes,
    }),
  };
  return afterServerHandshake13(reads, writes);
}

/** RFC 8446 section 9.2: without a PSK, a ClientHello needs these three. */
function checkMandatory(hello: ClientHello): void {
  checkCompression(hello, 'tls13');
  for (const name of ['supported_groups', 'key_share', 'signature_algorithms'] as const) {
    if (findExtension(hello.extensions, name) === undefined) {
      throw new TlsError('missing-extension', `a TLS 1.3 ClientHello needs ${name}`, { step: 'ClientHello' });
    }
  }
  // RFC 8446 section 4.2.9, also for a server that takes no PSK.
  if (
    findExtension(hello.extensions, 'pre_shared_key') !== undefined &&
    findExtension(hello.extensions, 'psk_key_exchange_modes') === undefined
  ) {
    throw new TlsError('missing-extension', 'pre_shared_key needs psk_key_exchange_modes', { step: 'ClientHello' });
  }
}

function chooseSuite(configuration: ServerConfiguration, hello: ClientHello): CipherSuiteParameters {
  const [suite] = commonCipherSuites(configuration, hello, 'tls13');
  if (suite === undefined) throw noCommonCipherSuite(hello);
  return suite;
}

/** Decides the group, with a HelloRetryRequest where the client has sent no share for one that both have. */
function* agreeOnGroup(
  handshake: Handshake<ServerConfiguration>,
  hello: ClientHello,
  suite: CipherSuiteParameters,
): Steps<{ readonly hello: ClientHello; readonly clientShare: KeyShareEntry }> {
  const groups = commonGroups(handshake.configuration, hello);
  const shares = offeredShares(hello);
  for (const group of groups) {
    const clientShare = shares.find((share) => share.group === group);
    if (clientShare !== undefined) return { hello, clientShare };
  }
  const [wanted] = groups;
  if (wanted === undefined) throw noCommonGroup(handshake.configuration, hello);
  return yield* retryHello(handshake, hello, suite, wanted);
}

/** The client's key shares; each must be for a group that it lists, and for one only once (RFC 8446 section 4.2.8). */
function offeredShares(hello: ClientHello): readonly KeyShareEntry[] {
  // A set, for both lists may be long.
  const groupsLeft = new Set(findExtension(hello.extensions, 'supported_groups'));
  const shares = findExtension(hello.extensions, 'key_share') ?? [];
  for (const { group } of shares) {
    if (!groupsLeft.delete(group)) {
      throw new TlsError(
        'illegal-parameter',
        `a key share for ${nameOf(NamedGroup, group)} is there twice, or not in supported_groups`,
        { step: 'ClientHello' },
      );
    }
  }
  return shares;
}

/** HelloRetryRequest and the second ClientHello (RFC 8446 sections 4.1.2 and 4.1.4). */
function* retryHello(
  handshake: Handshake<ServerConfiguration>,
  firstHello: ClientHello,
  suite: CipherSuiteParameters,
  group: number,
): Steps<{ readonly hello: ClientHello; readonly clientShare: KeyShareEntry }> {
  handshake.transcript.restartAfterRetry(suite.hash);
  yield { kind: 'negotiated', facts: { helloRetried: true } };
  const extensions: readonly Extension<HelloRetryRequestExtensions>[] = [
    { name: 'supported_versions', value: ProtocolVersion.tls13 },
    { name: 'key_share', value: group },
  ];
  yield* send(handshake, {
    type: 'HelloRetryRequest',
    legacyVersion: ProtocolVersion.tls12,
    legacySessionIdEcho: firstHello.legacySessionId,
    cipherSuite: suite.code,
    legacyCompressionMethod: 0,
    extensions,
  });
  if (firstHello.legacySessionId.length > 0) yield { kind: 'send-change-cipher-spec' };

  const hello = yield* receive(handshake, 'tls13', 'ClientHello');
  checkMandatory(hello);
  checkUnchanged(handshake, firstHello, hello);
  const [clientShare, ...others] = offeredShares(hello);
  if (clientShare?.group !== group || others.length > 0) {
    throw new TlsError(
      'illegal-parameter',
      `the second ClientHello must have one key share, for ${nameOf(NamedGroup, group)}`,
      {
        step: 'ClientHello',
      },
    );
  }
  return { hello, clientShare };
}

/** The second ClientHello is the first but for what the retry asked for (RFC 8446 section 4.1.2). */
function checkUnchanged({ crypto }: Handshake, first: ClientHello, second: ClientHello): void {
  const stillEarly = findExtension(second.extensions, 'early_data') !== undefined;
  if (stillEarly || !crypto.equal(fixedPart(first), fixedPart(second))) {
    throw new TlsError('illegal-parameter', 'the second ClientHello differs in what a retry may not change', {
      step: 'ClientHello',
    });
  }
}

/** A ClientHello without what a retry may change; clients that shuffle their extensions may do so again. */
function fixedPart(hello: ClientHello): Uint8Array {
  const extensions = hello.extensions.filter(({ name }) => !changedByRetry.has(name));
  return encodeHandshake({ ...hello, extensions: extensions.sort((a, b) => typeOf(a) - typeOf(b)) });
}

const changedByRetry: ReadonlySet<string> = new Set(['key_share', 'early_data', 'pre_shared_key', 'padding']);

function typeOf(extension: ClientHello['extensions'][number]): number {
  return extension.name === 'unknown' ? extension.type : ExtensionType[extension.name];
}

function chooseSigner(configuration: ServerConfiguration, hello: ClientHello): CredentialChoice {
  const schemes = findExtension(hello.extensions, 'signature_algorithms') ?? [];
  const serverName = findExtension(hello.extensions, 'server_name');
  const choice = chooseCredential(configuration.credentials, schemes, 'tls13', serverName);
  if (choice === undefined) {
    throw new TlsError(
      'no-common-signature-scheme',
      `none of our certificates can sign with what the client verifies: ${namesOf(SignatureScheme, cut(schemes)).join(', ')}`,
    );
  }
  return choice;
}

function encodeServerHello(
  { crypto }: Handshake,
  hello: ClientHello,
  suite: CipherSuiteParameters,
  group: number,
  shareLength: number,
): Uint8Array {
  // key_share stands last, so that the share is the end of the message.
  const extensions: readonly Extension<ServerHelloExtensions>[] = [
    { name: 'supported_versions', value: ProtocolVersion.tls13 },
    { name: 'key_share', value: { group, keyExchange: new Uint8Array(shareLength) } },
  ];
  return encodeHandshake({
    type: 'ServerHello',
    legacyVersion: ProtocolVersion.tls12,
    random: crypto.randomBytes(32),
    legacySessionIdEcho: hello.legacySessionId,
    cipherSuite: suite.code,
    legacyCompressionMethod: 0,
    extensions,
  });
}

function encodeCertificateRequest(configuration: ServerConfiguration): Uint8Array | undefined {
  if (configuration.clientAuthentication === 'none') return undefined;
  return encodeHandshake({
    type: 'CertificateRequest',
    version: 'tls13',
    certificateRequestContext: new Uint8Array(0),
    extensions: [
      { name: 'signature_algorithms', value: configuration.signatureSchemes },
      ...(configuration.authorities.length === 0
        ? []
        : [{ name: 'certificate_authorities', value: configuration.authorities } as const]),
    ],
  });
}

/** Certificate and CertificateVerify of the client, where they are due (RFC 8446 sections 4.4.2 and 4.4.3). */
function* authenticateClient(handshake: Handshake<ServerConfiguration>): Steps<PeerAuthentication> {
  const { configuration, transcript } = handshake;
  if (configuration.clientAuthentication === 'none') {
    yield { kind: 'negotiated', facts: { clientCertificate: 'not-requested' } };
    return 'without-certificate';
  }
  const certificate = yield* receive(handshake, 'tls13', 'Certificate');
  if (certificate.certificateRequestContext.length > 0) {
    throw new TlsError('illegal-parameter', 'certificate_request_context is not the one that we sent', {
      step: 'Certificate',
    });
  }
  // We asked for none (section 4.4.2).
  if (certificate.certificateList.some(({ extensions }) => extensions.length > 0)) {
    throw new TlsError('unsolicited-extension', 'a certificate comes with an extension that we did not ask for', {
      step: 'Certificate',
    });
  }
  const chain = certificate.certificateList.map((entry) => entry.certData);
  if (chain.length === 0) {
    yield { kind: 'negotiated', facts: { clientCertificate: 'absent' } };
    if (configuration.clientAuthentication === 'optional') return 'without-certificate';
    throw new TlsError('certificate-required', 'the client presented no certificate', { step: 'Certificate' });
  }
  yield { kind: 'negotiated', facts: { clientCertificate: 'presented' } };
  const peer = yield* validateChain(handshake, chain);
  const content = certificateVerifyContent13('client', transcript.hash());
  const { algorithm: scheme, signature } = yield* receive(handshake, 'tls13', 'CertificateVerify');
  yield { kind: 'negotiated', facts: { clientSignatureScheme: nameOf(SignatureScheme, scheme) } };
  return provePossession(handshake, 'tls13', peer, { scheme, content, signature }, 'CertificateVerify');
}

function concatDefined(...parts: readonly (Uint8Array | undefined)[]): Uint8Array {
  return concat(...parts.filter((part) => part !== undefined));
}
