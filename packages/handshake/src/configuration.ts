import type { Credential } from '@handfast/certificates';
import type { CryptoProvider } from '@handfast/crypto';
import { cipherSuite, cipherSuites, defaultGroups, defaultSignatureSchemes } from '@handfast/key-exchange';
import {
  CipherSuite,
  type MessageVersion,
  NamedGroup,
  nameOf,
  type OidFilter,
  PskKeyExchangeMode,
  TlsError,
} from '@handfast/wire';
import { protocolNameBytes } from './common/hellos.ts';

/** What both ends of a connection are configured with. Lists are in order of preference. */
interface CommonConfiguration {
  readonly crypto: CryptoProvider;
  /** Lowest and highest version to speak. */
  readonly minVersion: MessageVersion;
  readonly maxVersion: MessageVersion;
  /** CipherSuite code points. */
  readonly cipherSuites: readonly number[];
  /** NamedGroup code points. */
  readonly groups: readonly number[];
  /** SignatureScheme code points that we verify. */
  readonly signatureSchemes: readonly number[];
  /** ALPN protocol names. Empty: the extension is not used. */
  readonly applicationProtocols: readonly string[];
  /** The chains that we may present, in order of preference. */
  readonly credentials: readonly Credential[];
  /** SignatureSchemes that certificates may be signed with, where that differs from `signatureSchemes` (signature_algorithms_cert). */
  readonly certificateSignatureSchemes: readonly number[];
  /** Distinguished names (DER) of the authorities that the peer's chain may come from (certificate_authorities). Empty: any. */
  readonly authorities: readonly Uint8Array[];
  /** Whether sessions are resumed: a server issues and takes tickets, a client keeps and offers them. */
  readonly resumption: 'on' | 'off';
  /**
   * What becomes of the certificate by which the peer of a resumed session is known. `trusted`: what was found when the
   * session began holds until a certificate of its path expires. `validated`: the chain of then is judged again, as of
   * today (expiry, revocation, trust anchors), and a peer that is not trusted any more is refused. That costs an ask for
   * certificates, and a client that sends early data one more before it.
   */
  readonly resumedPeer: 'trusted' | 'validated';
  /** PskKeyExchangeMode code points of TLS 1.3. psk_ke gives up forward secrecy for speed. */
  readonly pskKeyExchangeModes: readonly number[];
  /** The most bytes of plaintext that the peer may put into a record (RFC 8449); undefined: the protocol's own 2^14. */
  readonly recordSizeLimit: number | undefined;
  /** How certificates may be compressed (RFC 8879). */
  readonly certificateCompression: readonly CertificateCompression[];
}

/** One algorithm of RFC 8879, from outside: compression is not ours. */
export interface CertificateCompression {
  /** CertificateCompressionAlgorithm code point. */
  readonly algorithm: number;
  compress(message: Uint8Array): Uint8Array;
  /**
   * @param length of the result, in bytes; more is never made.
   * @returns undefined where `compressed` is not right, or its content is of another length.
   */
  decompress(compressed: Uint8Array, length: number): Uint8Array | undefined;
}

export interface ServerConfiguration extends CommonConfiguration {
  readonly role: 'server';
  /** `optional` asks for a client certificate and serves a client without one; a bad one is refused all the same. */
  readonly clientAuthentication: 'none' | 'optional' | 'required';
  /** What CertificateRequest asks of the client's certificate beyond that (RFC 8446 section 4.2.5). */
  readonly oidFilters: readonly OidFilter[];
  /** Tickets for each handshake of TLS 1.3. 0: none in TLS 1.2 either, where a session then has an ID. */
  readonly ticketCount: number;
  /** The most bytes of early data that are taken; 0: none at all, which is the default because early data can be replayed. */
  readonly maxEarlyData: number;
  /** A client that asks for a name which no certificate has: `served` with the first one, or `refused` with unrecognized_name. */
  readonly unknownServerName: 'served' | 'refused';
  /**
   * Secret, 32 bytes: with it, a HelloRetryRequest carries a cookie that holds all that a server, this or another one with
   * the same key, needs to go on from (RFC 8446 section 4.2.2).
   */
  readonly retryCookieKey: Uint8Array | undefined;
}

export interface ClientConfiguration extends CommonConfiguration {
  readonly role: 'client';
  /** DNS name or IP address that the server must prove; also sent as server_name where it is a DNS name. */
  readonly serverName: string;
  /** `reported` goes on with a server whose chain is not trusted, and reports the verdict; signatures are checked all the same. */
  readonly serverVerification: 'required' | 'reported';
  /** What sessions with this server are kept under: they are offered to no other. By default the server's name. */
  readonly sessionsWith: string;
  /** Whether early data is offered with a session that allows it. The server may act on it twice (RFC 8446 section 8). */
  readonly earlyData: 'offered' | 'off';
  /** Whether the server may ask for a certificate later (RFC 8446 section 4.6.2). */
  readonly postHandshakeAuthentication: 'offered' | 'off';
  /** Whether reserved values are mixed in, so that servers stay tolerant of new ones (RFC 8701). */
  readonly grease: 'on' | 'off';
  /** Whether to ask for a stapled OCSP response (RFC 6066 section 8). */
  readonly certificateStatus: 'requested' | 'off';
  /** Whether to ask for SCTs (RFC 6962 section 3.3.1). */
  readonly signedCertificateTimestamps: 'requested' | 'off';
  /** A MaxFragmentLength in bytes (RFC 6066 section 4). */
  readonly maxFragmentLength: 512 | 1024 | 2048 | 4096 | undefined;
  /** Says with TLS_FALLBACK_SCSV that this is a second try, with a lower version than before (RFC 7507). */
  readonly fallback: 'yes' | 'no';
}

export type Configuration = ServerConfiguration | ClientConfiguration;

type Optional<T, Required extends keyof T> = Partial<Omit<T, Required>> & Pick<T, Required>;

/** A server's configuration: what is given, and safe defaults for the rest. Throws TlsError `configuration-invalid`. */
export function serverConfiguration(
  given: Optional<Omit<ServerConfiguration, 'role'>, 'crypto' | 'credentials'>,
): ServerConfiguration {
  return checked({
    clientAuthentication: 'none',
    oidFilters: [],
    ticketCount: 2,
    maxEarlyData: 0,
    unknownServerName: 'served',
    retryCookieKey: undefined,
    ...defaults(given.crypto),
    ...given,
    role: 'server',
  });
}

/** A client's configuration: what is given, and safe defaults for the rest. Throws TlsError `configuration-invalid`. */
export function clientConfiguration(
  given: Optional<Omit<ClientConfiguration, 'role'>, 'crypto' | 'serverName'>,
): ClientConfiguration {
  return checked({
    serverVerification: 'required',
    sessionsWith: given.serverName,
    earlyData: 'off',
    postHandshakeAuthentication: 'off',
    grease: 'on',
    certificateStatus: 'requested',
    signedCertificateTimestamps: 'requested',
    maxFragmentLength: undefined,
    fallback: 'no',
    credentials: [],
    ...defaults(given.crypto),
    ...given,
    role: 'client',
  });
}

function defaults(crypto: CryptoProvider) {
  return {
    minVersion: 'tls12',
    maxVersion: 'tls13',
    cipherSuites: cipherSuites.map((suite) => suite.code),
    groups: defaultGroups.filter((group) => crypto.groups.includes(group)),
    signatureSchemes: defaultSignatureSchemes,
    applicationProtocols: [],
    certificateSignatureSchemes: [],
    authorities: [],
    resumption: 'on',
    resumedPeer: 'trusted',
    pskKeyExchangeModes: [PskKeyExchangeMode.psk_dhe_ke],
    recordSizeLimit: undefined,
    certificateCompression: [],
  } as const;
}

function checked<C extends Configuration>(configuration: C): C {
  const { cipherSuites: suites, groups, crypto, minVersion, maxVersion } = configuration;
  for (const code of suites) {
    if (cipherSuite(code) === undefined) invalid(`cipher suite ${nameOf(CipherSuite, code)} is not implemented`);
  }
  for (const group of groups) {
    if (!crypto.groups.includes(group)) {
      invalid(`group ${nameOf(NamedGroup, group)} is not available from the ${crypto.name} crypto provider`);
    }
  }
  if (groups.length === 0) invalid('no group is left to exchange keys with');
  if (minVersion === 'tls13' && maxVersion === 'tls12') invalid('the lowest version is above the highest');
  if (versionsOf(configuration).length === 0) invalid('no cipher suite is left for the versions that are enabled');
  for (const name of configuration.applicationProtocols) {
    const { length } = protocolNameBytes(name);
    if (length === 0 || length > 255) invalid('an ALPN protocol name has 1 to 255 bytes');
  }
  const { recordSizeLimit } = configuration;
  if (recordSizeLimit !== undefined && (recordSizeLimit < 64 || recordSizeLimit > 0x4001)) {
    invalid('a record size limit is 64 to 16385 bytes (RFC 8449 section 4)');
  }
  if (configuration.role === 'server') checkServer(configuration);
  if (configuration.role === 'client' && !/^[!-~]{1,255}$/.test(configuration.serverName)) {
    invalid('the server name has 1 to 255 characters of ASCII; an internationalised one is given by its A-labels');
  }
  return configuration;
}

function checkServer({ ticketCount, maxEarlyData, retryCookieKey }: ServerConfiguration): void {
  if (!(ticketCount >= 0 && ticketCount <= 16)) invalid('a server sends 0 to 16 tickets');
  if (!(maxEarlyData >= 0 && maxEarlyData <= 0xffff_ffff)) invalid('early data is limited to 0 to 4294967295 bytes');
  if (retryCookieKey !== undefined && retryCookieKey.length !== 32) invalid('the key of retry cookies has 32 bytes');
}

function invalid(detail: string): never {
  throw new TlsError('configuration-invalid', detail);
}

/** The versions that are enabled and have a cipher suite, highest first. */
export function versionsOf(configuration: Configuration): readonly MessageVersion[] {
  const { minVersion, maxVersion } = configuration;
  return (['tls13', 'tls12'] as const).filter(
    (version) =>
      version >= minVersion &&
      version <= maxVersion &&
      configuration.cipherSuites.some((code) => cipherSuite(code)?.version === version),
  );
}
