import type {
  CertificateEntryExtensions,
  CertificateRequestExtensions,
  ClientHelloExtensions,
  EncryptedExtensionsExtensions,
  Extension,
  HelloRetryRequestExtensions,
  NewSessionTicketExtensions,
  ServerHelloExtensions,
} from './extensions.ts';

/** Handshake messages of TLS 1.2 (RFC 5246 section 7.4) and TLS 1.3 (RFC 8446 section 4). `type` is the name that
 * code, traces and errors use. Messages whose form differs by version have a type for each. */

export interface HelloRequest {
  readonly type: 'HelloRequest';
}

export interface ClientHello {
  readonly type: 'ClientHello';
  readonly legacyVersion: number;
  /** 32 bytes. */
  readonly random: Uint8Array;
  /** 0 to 32 bytes. */
  readonly legacySessionId: Uint8Array;
  readonly cipherSuites: readonly number[];
  readonly legacyCompressionMethods: readonly number[];
  readonly extensions: readonly Extension<ClientHelloExtensions>[];
}

/** For both versions; `supported_versions` tells which one was chosen. */
export interface ServerHello {
  readonly type: 'ServerHello';
  readonly legacyVersion: number;
  readonly random: Uint8Array;
  readonly legacySessionIdEcho: Uint8Array;
  readonly cipherSuite: number;
  readonly legacyCompressionMethod: number;
  readonly extensions: readonly Extension<ServerHelloExtensions>[];
}

/** A ServerHello with the special random of RFC 8446 section 4.1.3; on the wire it has type server_hello. */
export interface HelloRetryRequest {
  readonly type: 'HelloRetryRequest';
  readonly legacyVersion: number;
  readonly legacySessionIdEcho: Uint8Array;
  readonly cipherSuite: number;
  readonly legacyCompressionMethod: number;
  readonly extensions: readonly Extension<HelloRetryRequestExtensions>[];
}

export interface EncryptedExtensions {
  readonly type: 'EncryptedExtensions';
  readonly extensions: readonly Extension<EncryptedExtensionsExtensions>[];
}

export interface CertificateEntry {
  /** DER. */
  readonly certData: Uint8Array;
  readonly extensions: readonly Extension<CertificateEntryExtensions>[];
}

export interface Certificate13 {
  readonly type: 'Certificate';
  readonly version: 'tls13';
  readonly certificateRequestContext: Uint8Array;
  readonly certificateList: readonly CertificateEntry[];
}

export interface Certificate12 {
  readonly type: 'Certificate';
  readonly version: 'tls12';
  /** DER, the sender's own certificate first. */
  readonly certificateList: readonly Uint8Array[];
}

export interface CertificateRequest13 {
  readonly type: 'CertificateRequest';
  readonly version: 'tls13';
  readonly certificateRequestContext: Uint8Array;
  readonly extensions: readonly Extension<CertificateRequestExtensions>[];
}

export interface CertificateRequest12 {
  readonly type: 'CertificateRequest';
  readonly version: 'tls12';
  readonly certificateTypes: readonly number[];
  readonly supportedSignatureAlgorithms: readonly number[];
  /** DistinguishedNames, DER. */
  readonly certificateAuthorities: readonly Uint8Array[];
}

/** How a TLS 1.2 cipher suite makes its premaster secret: Diffie-Hellman on a curve or a prime, or RSA key transport. */
export type KeyExchangeAlgorithm = 'ecdhe' | 'dhe' | 'rsa';

/** Its form depends on the cipher suite: `readServerKeyExchange` reads it. */
export interface ServerKeyExchange {
  readonly type: 'ServerKeyExchange';
  readonly exchangeKeys: Uint8Array;
}

/** The server's parameters, and its signature over them and both randoms (RFC 8422 section 5.4, RFC 5246 section 7.4.3). */
export interface SignedParams<Params> {
  readonly params: Params;
  readonly signatureScheme: number;
  readonly signature: Uint8Array;
}

/** RFC 8422 section 5.4. */
export interface ServerEcdhParams {
  readonly namedCurve: number;
  /** ECPoint, as the group encodes it. */
  readonly publicKey: Uint8Array;
}

/** RFC 5246 section 7.4.3: big-endian numbers. */
export interface ServerDhParams {
  readonly dhP: Uint8Array;
  readonly dhG: Uint8Array;
  readonly dhYs: Uint8Array;
}

export interface ServerHelloDone {
  readonly type: 'ServerHelloDone';
}

/** Its form depends on the cipher suite: `readClientKeyExchange` reads it. */
export interface ClientKeyExchange {
  readonly type: 'ClientKeyExchange';
  readonly exchangeKeys: Uint8Array;
}

/** The same form in both versions. */
export interface CertificateVerify {
  readonly type: 'CertificateVerify';
  readonly algorithm: number;
  readonly signature: Uint8Array;
}

/** CertificateStatus of TLS 1.2 (RFC 6066 section 8): an OCSPResponse, DER. */
export interface CertificateStatus {
  readonly type: 'CertificateStatus';
  readonly response: Uint8Array;
}

export interface Finished {
  readonly type: 'Finished';
  readonly verifyData: Uint8Array;
}

export interface NewSessionTicket13 {
  readonly type: 'NewSessionTicket';
  readonly version: 'tls13';
  /** Seconds. */
  readonly ticketLifetime: number;
  readonly ticketAgeAdd: number;
  readonly ticketNonce: Uint8Array;
  readonly ticket: Uint8Array;
  readonly extensions: readonly Extension<NewSessionTicketExtensions>[];
}

export interface NewSessionTicket12 {
  readonly type: 'NewSessionTicket';
  readonly version: 'tls12';
  /** Seconds. */
  readonly ticketLifetimeHint: number;
  readonly ticket: Uint8Array;
}

export interface EndOfEarlyData {
  readonly type: 'EndOfEarlyData';
}

export interface KeyUpdate {
  readonly type: 'KeyUpdate';
  readonly requestUpdate: boolean;
}

/** RFC 8879. */
export interface CompressedCertificate {
  readonly type: 'CompressedCertificate';
  readonly algorithm: number;
  readonly uncompressedLength: number;
  readonly compressedCertificateMessage: Uint8Array;
}

export type HandshakeMessage =
  | HelloRequest
  | ClientHello
  | ServerHello
  | HelloRetryRequest
  | EncryptedExtensions
  | Certificate12
  | Certificate13
  | CertificateRequest12
  | CertificateRequest13
  | ServerKeyExchange
  | ServerHelloDone
  | ClientKeyExchange
  | CertificateVerify
  | CertificateStatus
  | Finished
  | NewSessionTicket12
  | NewSessionTicket13
  | EndOfEarlyData
  | KeyUpdate
  | CompressedCertificate;

export type MessageName = HandshakeMessage['type'];

/** Which grammar applies where the two versions differ. The hellos are the same in both. */
export type MessageVersion = 'tls12' | 'tls13';

/** The message of that name in that version. */
export type MessageOf<Name extends MessageName, Version extends MessageVersion = MessageVersion> =
  Extract<HandshakeMessage, { readonly type: Name }> extends infer Candidate
    ? Candidate extends { readonly version: MessageVersion }
      ? Extract<Candidate, { readonly version: Version }>
      : Candidate
    : never;
