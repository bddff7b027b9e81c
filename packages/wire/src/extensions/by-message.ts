import type {
  CertificateEntryExtensions,
  CertificateRequestExtensions,
  ClientHelloExtensions,
  EncryptedExtensionsExtensions,
  HelloRetryRequestExtensions,
  NewSessionTicketExtensions,
  ServerHelloExtensions,
} from '../extensions.ts';
import { extensionBlock } from './block.ts';
import * as certificates from './certificates.ts';
import * as connection from './connection.ts';
import { empty } from './empty.ts';
import * as groups from './groups.ts';
import * as names from './names.ts';
import * as resumption from './resumption.ts';

/** Which extension may be in which message: the table of RFC 8446 section 4.2, and what TLS 1.2 has in its hellos. */

export const clientHelloExtensions = extensionBlock<ClientHelloExtensions>({
  server_name: names.serverName,
  max_fragment_length: connection.maxFragmentLength,
  status_request: certificates.certificateStatusRequest,
  supported_groups: groups.supportedGroups,
  ec_point_formats: groups.ecPointFormats,
  signature_algorithms: certificates.signatureSchemeList,
  signature_algorithms_cert: certificates.signatureSchemeList,
  application_layer_protocol_negotiation: names.protocolNameList,
  signed_certificate_timestamp: empty,
  client_certificate_type: certificates.certificateTypes,
  server_certificate_type: certificates.certificateTypes,
  padding: connection.padding,
  encrypt_then_mac: empty,
  extended_master_secret: empty,
  compress_certificate: certificates.compressionAlgorithms,
  record_size_limit: connection.recordSizeLimit,
  delegated_credential: certificates.signatureSchemeList,
  session_ticket: resumption.sessionTicket,
  pre_shared_key: resumption.offeredPsks,
  early_data: empty,
  supported_versions: connection.supportedVersions,
  cookie: connection.cookie,
  psk_key_exchange_modes: resumption.pskKeyExchangeModes,
  certificate_authorities: certificates.certificateAuthorities,
  post_handshake_auth: empty,
  key_share: groups.clientShares,
  renegotiation_info: connection.renegotiationInfo,
});

export const serverHelloExtensions = extensionBlock<ServerHelloExtensions>({
  server_name: empty,
  max_fragment_length: connection.maxFragmentLength,
  status_request: empty,
  ec_point_formats: groups.ecPointFormats,
  application_layer_protocol_negotiation: names.selectedProtocolName,
  signed_certificate_timestamp: certificates.signedCertificateTimestampList,
  client_certificate_type: certificates.selectedCertificateType,
  server_certificate_type: certificates.selectedCertificateType,
  encrypt_then_mac: empty,
  extended_master_secret: empty,
  record_size_limit: connection.recordSizeLimit,
  session_ticket: empty,
  renegotiation_info: connection.renegotiationInfo,
  supported_versions: connection.selectedVersion,
  key_share: groups.keyShareEntry,
  pre_shared_key: resumption.selectedIdentity,
});

export const helloRetryRequestExtensions = extensionBlock<HelloRetryRequestExtensions>({
  supported_versions: connection.selectedVersion,
  key_share: groups.selectedGroup,
  cookie: connection.cookie,
});

export const encryptedExtensionsExtensions = extensionBlock<EncryptedExtensionsExtensions>({
  server_name: empty,
  max_fragment_length: connection.maxFragmentLength,
  supported_groups: groups.supportedGroups,
  application_layer_protocol_negotiation: names.selectedProtocolName,
  client_certificate_type: certificates.selectedCertificateType,
  server_certificate_type: certificates.selectedCertificateType,
  record_size_limit: connection.recordSizeLimit,
  early_data: empty,
});

/** RFC 8446 section 4.3.2: `extensions<2..2^16-1>`. */
export const certificateRequestExtensions = extensionBlock<CertificateRequestExtensions>(
  {
    status_request: empty,
    signature_algorithms: certificates.signatureSchemeList,
    signature_algorithms_cert: certificates.signatureSchemeList,
    signed_certificate_timestamp: empty,
    certificate_authorities: certificates.certificateAuthorities,
    oid_filters: certificates.oidFilters,
    compress_certificate: certificates.compressionAlgorithms,
  },
  2,
);

export const certificateEntryExtensions = extensionBlock<CertificateEntryExtensions>({
  status_request: certificates.certificateStatus,
  signed_certificate_timestamp: certificates.signedCertificateTimestampList,
  delegated_credential: certificates.delegatedCredential,
});

/** RFC 8446 section 4.6.1: `extensions<0..2^16-2>`. */
export const newSessionTicketExtensions = extensionBlock<NewSessionTicketExtensions>(
  { early_data: resumption.maxEarlyDataSize },
  0,
  0xfffe,
);
