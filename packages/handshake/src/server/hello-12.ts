import {
  CipherSuite,
  type ClientHello,
  type ClientHelloExtensions,
  ECPointFormat,
  type Extension,
  findExtension,
  ProtocolVersion,
  type ServerHello,
  type ServerHelloExtensions,
  TlsError,
} from '@handfast/wire';
import type { Handshake } from '../common/handshake.ts';
import { downgradeSentinel, protocolNameBytes } from '../common/hellos.ts';
import { chooseApplicationProtocol } from '../common/negotiation.ts';
import { hasCertificateFor } from '../common/server-names.ts';
import type { Terms12 } from '../common/terms-12.ts';
import { type ServerConfiguration, versionsOf } from '../configuration.ts';
import type { ServerChoice12 } from './choice-12.ts';

type Answer = Extension<ServerHelloExtensions>;

/** A first handshake has no verify_data to bind to (RFC 5746 section 3.6). */
export function checkFirstHandshake(hello: ClientHello): void {
  const info = findExtension(hello.extensions, 'renegotiation_info');
  if (info !== undefined && info.length > 0) {
    throw new TlsError('secure-renegotiation-mismatch', 'renegotiation_info of a first ClientHello must be empty', {
      step: 'ClientHello',
    });
  }
}

export function serverTerms12(
  handshake: Handshake<ServerConfiguration>,
  hello: ClientHello,
  { suite }: ServerChoice12,
): Terms12 {
  return {
    suite,
    clientRandom: hello.random,
    serverRandom: makeServerRandom(handshake),
    applicationProtocol: chooseApplicationProtocol(handshake.configuration, hello),
    extendedMasterSecret: offers(hello, 'extended_master_secret'),
    encryptThenMac: suite.protection.kind === 'cbc' && offers(hello, 'encrypt_then_mac'),
  };
}

/** A server that could speak TLS 1.3 says so in its random, so that a client notices a forced downgrade. */
function makeServerRandom({ configuration, crypto }: Handshake): Uint8Array {
  const random = Uint8Array.from(crypto.randomBytes(32));
  if (versionsOf(configuration).includes('tls13')) random.set(downgradeSentinel.tls12, 24);
  return random;
}

export function serverHello12(terms: Terms12, sessionId: Uint8Array, extensions: readonly Answer[]): ServerHello {
  return {
    type: 'ServerHello',
    legacyVersion: ProtocolVersion.tls12,
    random: terms.serverRandom,
    legacySessionIdEcho: sessionId,
    cipherSuite: terms.suite.code,
    legacyCompressionMethod: 0,
    extensions,
  };
}

/** The extensions that each handshake settles anew, whether it resumes a session or not. */
export function answersOfConnection(
  hello: ClientHello,
  { applicationProtocol, extendedMasterSecret, encryptThenMac }: Terms12,
  ticketFollows: boolean,
): readonly Answer[] {
  const answers: Answer[] = [];
  const signalsRenegotiation =
    offers(hello, 'renegotiation_info') || hello.cipherSuites.includes(CipherSuite.TLS_EMPTY_RENEGOTIATION_INFO_SCSV);
  if (signalsRenegotiation) answers.push({ name: 'renegotiation_info', value: new Uint8Array(0) });
  if (extendedMasterSecret) answers.push({ name: 'extended_master_secret', value: {} });
  if (encryptThenMac) answers.push({ name: 'encrypt_then_mac', value: {} });
  if (applicationProtocol !== undefined) {
    answers.push({
      name: 'application_layer_protocol_negotiation',
      value: protocolNameBytes(applicationProtocol),
    });
  }
  if (ticketFollows) answers.push({ name: 'session_ticket', value: {} });
  return answers;
}

/** The extensions that belong to the session: whoever resumes it has had them. */
export function answersOfSession(
  configuration: ServerConfiguration,
  hello: ClientHello,
  { suite, credential }: ServerChoice12,
): readonly Answer[] {
  const answers: Answer[] = [];
  const serverName = findExtension(hello.extensions, 'server_name');
  if (serverName !== undefined && hasCertificateFor(configuration, serverName)) {
    answers.push({ name: 'server_name', value: {} });
  }
  if (suite.keyExchange === 'ecdhe' && offers(hello, 'ec_point_formats')) {
    answers.push({ name: 'ec_point_formats', value: [ECPointFormat.uncompressed] });
  }
  if (stapledResponse(hello, credential) !== undefined) answers.push({ name: 'status_request', value: {} });
  const { signedCertificateTimestamps = [] } = credential;
  if (signedCertificateTimestamps.length > 0 && offers(hello, 'signed_certificate_timestamp')) {
    answers.push({ name: 'signed_certificate_timestamp', value: signedCertificateTimestamps });
  }
  return answers;
}

/** The OCSPResponse that CertificateStatus brings, where we have one and the client wants it (RFC 6066 section 8). */
export function stapledResponse(
  { extensions }: ClientHello,
  { ocspResponse }: ServerChoice12['credential'],
): Uint8Array | undefined {
  return findExtension(extensions, 'status_request')?.statusType === 'ocsp' ? ocspResponse : undefined;
}

/** Whether the client sent that extension. */
export function offers({ extensions }: ClientHello, name: keyof ClientHelloExtensions): boolean {
  return findExtension(extensions, name) !== undefined;
}
