/**
 * The content of each extension, by the message that carries it: the table of RFC 8446 section 4.2, and the TLS 1.2
 * extensions of its RFCs. A message holds its extensions as a list in wire order, because order matters
 * (pre_shared_key is last) and unknown extensions must survive a round trip.
 */

export interface KeyShareEntry {
  readonly group: number;
  readonly keyExchange: Uint8Array;
}

export interface PskIdentity {
  readonly identity: Uint8Array;
  readonly obfuscatedTicketAge: number;
}

export interface OfferedPsks {
  readonly identities: readonly PskIdentity[];
  readonly binders: readonly Uint8Array[];
}

/** CertificateStatusRequest of type ocsp (RFC 6066 section 8); another type survives as opaque bytes. */
export type CertificateStatusRequest =
  | {
      readonly statusType: 'ocsp';
      readonly responderIds: readonly Uint8Array[];
      readonly requestExtensions: Uint8Array;
    }
  | { readonly statusType: 'unknown'; readonly code: number; readonly data: Uint8Array };

export interface OidFilter {
  readonly oid: Uint8Array;
  readonly values: Uint8Array;
}

/** An extension with no content. Its presence is its meaning. */
export type Empty = Readonly<Record<never, never>>;

export interface ClientHelloExtensions {
  /** HostName of type host_name (RFC 6066 section 3), as sent: ASCII, no trailing dot. */
  readonly server_name: string;
  /** A MaxFragmentLength: 1 to 4 for 2^9 to 2^12 bytes (RFC 6066 section 4). */
  readonly max_fragment_length: number;
  readonly status_request: CertificateStatusRequest;
  readonly supported_groups: readonly number[];
  readonly ec_point_formats: readonly number[];
  readonly signature_algorithms: readonly number[];
  readonly signature_algorithms_cert: readonly number[];
  /** ProtocolNameList as opaque names (RFC 7301); an ALPN name is bytes, not text. */
  readonly application_layer_protocol_negotiation: readonly Uint8Array[];
  readonly signed_certificate_timestamp: Empty;
  readonly client_certificate_type: readonly number[];
  readonly server_certificate_type: readonly number[];
  /** The number of zero bytes (RFC 7685). */
  readonly padding: number;
  readonly encrypt_then_mac: Empty;
  readonly extended_master_secret: Empty;
  readonly compress_certificate: readonly number[];
  readonly record_size_limit: number;
  /** SignatureSchemeList (RFC 9345 section 4.1.1). */
  readonly delegated_credential: readonly number[];
  readonly session_ticket: Uint8Array;
  readonly pre_shared_key: OfferedPsks;
  readonly early_data: Empty;
  readonly supported_versions: readonly number[];
  readonly cookie: Uint8Array;
  readonly psk_key_exchange_modes: readonly number[];
  readonly certificate_authorities: readonly Uint8Array[];
  readonly post_handshake_auth: Empty;
  readonly key_share: readonly KeyShareEntry[];
  readonly renegotiation_info: Uint8Array;
}

/** ServerHello of both versions: in TLS 1.2 it carries what EncryptedExtensions carries in 1.3. */
export interface ServerHelloExtensions {
  readonly server_name: Empty;
  readonly max_fragment_length: number;
  readonly status_request: Empty;
  readonly ec_point_formats: readonly number[];
  /** The one name that was chosen. */
  readonly application_layer_protocol_negotiation: Uint8Array;
  /** SignedCertificateTimestampList (RFC 6962 section 3.3). */
  readonly signed_certificate_timestamp: readonly Uint8Array[];
  readonly client_certificate_type: number;
  readonly server_certificate_type: number;
  readonly encrypt_then_mac: Empty;
  readonly extended_master_secret: Empty;
  readonly record_size_limit: number;
  readonly session_ticket: Empty;
  readonly renegotiation_info: Uint8Array;
  readonly supported_versions: number;
  readonly key_share: KeyShareEntry;
  /** selected_identity. */
  readonly pre_shared_key: number;
}

export interface HelloRetryRequestExtensions {
  readonly supported_versions: number;
  /** selected_group. */
  readonly key_share: number;
  readonly cookie: Uint8Array;
}

export interface EncryptedExtensionsExtensions {
  readonly server_name: Empty;
  readonly max_fragment_length: number;
  readonly supported_groups: readonly number[];
  readonly application_layer_protocol_negotiation: Uint8Array;
  readonly client_certificate_type: number;
  readonly server_certificate_type: number;
  readonly record_size_limit: number;
  readonly early_data: Empty;
}

export interface CertificateRequestExtensions {
  readonly status_request: Empty;
  readonly signature_algorithms: readonly number[];
  readonly signature_algorithms_cert: readonly number[];
  readonly signed_certificate_timestamp: Empty;
  readonly certificate_authorities: readonly Uint8Array[];
  readonly oid_filters: readonly OidFilter[];
  readonly compress_certificate: readonly number[];
}

/** Extensions of one CertificateEntry (RFC 8446 section 4.4.2). */
export interface CertificateEntryExtensions {
  /** OCSPResponse, DER. */
  readonly status_request: Uint8Array;
  readonly signed_certificate_timestamp: readonly Uint8Array[];
  /** DelegatedCredential, opaque (RFC 9345). */
  readonly delegated_credential: Uint8Array;
}

export interface NewSessionTicketExtensions {
  /** max_early_data_size. */
  readonly early_data: number;
}

/** An extension of the table `Table`, or one that the table does not hold, kept as bytes. */
export type Extension<Table> =
  | { readonly [Name in keyof Table]: { readonly name: Name; readonly value: Table[Name] } }[keyof Table]
  | UnknownExtension;

export interface UnknownExtension {
  readonly name: 'unknown';
  readonly type: number;
  readonly data: Uint8Array;
}

/** The content of the extension `name`, or undefined where the message does not carry it. */
export function findExtension<Table, Name extends keyof Table>(
  extensions: readonly Extension<Table>[],
  name: Name,
): Table[Name] | undefined {
  for (const extension of extensions) {
    if (extension.name === name) return (extension as { readonly value: unknown }).value as Table[Name];
  }
  return undefined;
}
