import {
  type ClientHello,
  type EncryptedExtensionsExtensions,
  type Extension,
  encodeHandshake,
  findExtension,
  NamedGroup,
  nameOf,
  ProtocolVersion,
  type ServerHelloExtensions,
  SignatureScheme,
} from '@handfast/wire';
import type { Handshake } from '../common/handshake.ts';
import { exchangeLengthsOf, protocolNameBytes } from '../common/hellos.ts';
import { hasCertificateFor } from '../common/server-names.ts';
import type { ServerConfiguration } from '../configuration.ts';
import type { EncodedMessage } from '../engine/effects.ts';
import type { Negotiated } from '../timeline.ts';
import type { Agreement } from './agreement-13.ts';
import { encodeCertificateRequest } from './client-auth-13.ts';
import type { AcceptedEarlyData } from './early-data-13.ts';
import { encodeCertificate, type Signer } from './signer-13.ts';

/** What a server of TLS 1.3 says of what it has chosen: to the client, and to the timeline. */

/** A ServerHello whose key share is still to be made. */
export interface UnfinishedHello {
  readonly bytes: Uint8Array;
  /** Where in `bytes` the share begins and ends; without a share, the same place twice. */
  readonly start: number;
  readonly end: number;
}

/** supported_versions, the last extension: type, length and selected_version. */
const afterShareLength = 6;

export function encodeServerHello(
  { crypto }: Handshake,
  { hello, suite, psk, clientShare }: Agreement,
): UnfinishedHello {
  const extensions: Extension<ServerHelloExtensions>[] = [];
  if (psk !== undefined) extensions.push({ name: 'pre_shared_key', value: psk.index });
  const shareLength = clientShare === undefined ? 0 : exchangeLengthsOf(clientShare.group).serverShare;
  if (clientShare !== undefined) {
    extensions.push({
      name: 'key_share',
      value: { group: clientShare.group, keyExchange: new Uint8Array(shareLength) },
    });
  }
  extensions.push({ name: 'supported_versions', value: ProtocolVersion.tls13 });
  const bytes = encodeHandshake({
    type: 'ServerHello',
    legacyVersion: ProtocolVersion.tls12,
    random: crypto.randomBytes(32),
    legacySessionIdEcho: hello.legacySessionId,
    cipherSuite: suite.code,
    legacyCompressionMethod: 0,
    extensions,
  });
  const end = bytes.length - afterShareLength;
  return { bytes, start: end - shareLength, end };
}

/** What was chosen beside what keys are made with. */
interface Choices extends Agreement {
  /** Undefined where a PSK authenticates. */
  readonly signer: Signer | undefined;
  readonly applicationProtocol: string | undefined;
  readonly limits: RecordLimits | undefined;
  readonly early: AcceptedEarlyData | undefined;
}

/** The messages between ServerHello and CertificateVerify (RFC 8446 sections 4.3 and 4.4.2). */
export function protectedFlight(configuration: ServerConfiguration, choices: Choices): readonly EncodedMessage[] {
  const { hello, signer } = choices;
  const flight: EncodedMessage[] = [
    { name: 'EncryptedExtensions', bytes: encodeEncryptedExtensions(configuration, choices) },
  ];
  // Whoever is known by a PSK is not asked for a certificate (section 4.3.2).
  if (signer === undefined) return flight;
  if (configuration.clientAuthentication !== 'none') {
    flight.push({ name: 'CertificateRequest', bytes: encodeCertificateRequest(configuration, new Uint8Array(0)) });
  }
  flight.push(encodeCertificate(configuration, hello, signer));
  return flight;
}

function encodeEncryptedExtensions(configuration: ServerConfiguration, choices: Choices): Uint8Array {
  const { hello, psk, applicationProtocol, limits, early } = choices;
  const extensions: Extension<EncryptedExtensionsExtensions>[] = [];
  // For the client's next time (section 4.2.7).
  if (findExtension(hello.extensions, 'supported_groups') !== undefined) {
    extensions.push({ name: 'supported_groups', value: configuration.groups });
  }
  if (limits !== undefined) extensions.push(limits.extension);
  const serverName = findExtension(hello.extensions, 'server_name');
  // RFC 6066 section 3: not where a session is resumed, which has its name already.
  if (serverName !== undefined && psk?.session === undefined && hasCertificateFor(configuration, serverName)) {
    extensions.push({ name: 'server_name', value: {} });
  }
  if (applicationProtocol !== undefined) {
    extensions.push({
      name: 'application_layer_protocol_negotiation',
      value: protocolNameBytes(applicationProtocol),
    });
  }
  if (early !== undefined) extensions.push({ name: 'early_data', value: {} });
  return encodeHandshake({ type: 'EncryptedExtensions', extensions });
}

/** What was chosen, for the timeline. */
export function factsOf(
  { suite, psk, clientShare }: Agreement,
  signer: Signer | undefined,
  applicationProtocol: string | undefined,
): Negotiated {
  return {
    cipherSuite: suite.name,
    resumption: psk === undefined ? 'full' : psk.session === undefined ? 'external-psk' : 'resumed',
    ...(clientShare === undefined ? {} : { group: nameOf(NamedGroup, clientShare.group) }),
    ...(signer === undefined
      ? {}
      : {
          serverSignatureScheme: nameOf(SignatureScheme, signer.scheme),
          serverChain: signer.credential.chain,
        }),
    ...(applicationProtocol === undefined ? {} : { applicationProtocol }),
  };
}

/** How long the records of either direction may be, as their reader wants it, and the answer that makes it so. */
export interface RecordLimits {
  readonly extension: Extension<EncryptedExtensionsExtensions>;
  /** TLSInnerPlaintext, in bytes: content, its type and padding. */
  readonly reads: number;
  readonly writes: number;
}

/** What record_size_limit means where nobody wants less, in TLS 1.3 (RFC 8449 section 4). */
const protocolLimit = 0x4001;

/** @returns undefined where the client wants no limit. */
export function recordLimits({ recordSizeLimit }: ServerConfiguration, hello: ClientHello): RecordLimits | undefined {
  const wanted = findExtension(hello.extensions, 'record_size_limit');
  if (wanted !== undefined) {
    const reads = recordSizeLimit ?? protocolLimit;
    return { extension: { name: 'record_size_limit', value: reads }, reads, writes: wanted };
  }
  // RFC 8449 section 5: only where there is no record_size_limit.
  const code = findExtension(hello.extensions, 'max_fragment_length');
  if (code === undefined) return undefined;
  // Of the content alone (RFC 6066 section 4).
  const length = 2 ** (8 + code) + 1;
  return { extension: { name: 'max_fragment_length', value: code }, reads: length, writes: length };
}
