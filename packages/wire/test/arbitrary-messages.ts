import fc, { type Arbitrary } from 'fast-check';
import {
  type CertificateEntry,
  type CertificateEntryExtensions,
  type CertificateRequestExtensions,
  type ClientHelloExtensions,
  type EncryptedExtensionsExtensions,
  type Extension,
  type ExtensionName,
  ExtensionType,
  type HandshakeMessage,
  type HelloRetryRequestExtensions,
  type KeyShareEntry,
  type MessageName,
  type MessageVersion,
  type NewSessionTicketExtensions,
  type ServerHelloExtensions,
} from '../src/index.ts';

type Contents<Table> = { readonly [Name in keyof Table]: Arbitrary<Table[Name]> };

export const bytes = (minLength: number, maxLength: number): Arbitrary<Uint8Array> =>
  fc.uint8Array({ minLength, maxLength });
const uint = (bits: number): Arbitrary<number> => fc.integer({ min: 0, max: 2 ** bits - 1 });
const code = uint(16);
const codes = fc.array(code, { minLength: 1, maxLength: 20 });
const differentCodes = fc.uniqueArray(code, { minLength: 1, maxLength: 8 });
const smallCodes = fc.array(uint(8), { minLength: 1, maxLength: 5 });
const names = fc.array(bytes(1, 20), { minLength: 1, maxLength: 4 });
const empty = fc.constant({});

const hostName = fc
  .string({ unit: fc.integer({ min: 0x21, max: 0x7e }).map((byte) => String.fromCharCode(byte)), maxLength: 254 })
  .map((name) => `${name}a`);

const keyShareEntry: Arbitrary<KeyShareEntry> = fc.record({ group: code, keyExchange: bytes(1, 100) });

const offeredPsks = fc
  .array(
    fc.record({
      identity: fc.record({ identity: bytes(1, 40), obfuscatedTicketAge: uint(32) }),
      binder: bytes(32, 48),
    }),
    { minLength: 1, maxLength: 3 },
  )
  .map((psks) => ({ identities: psks.map((psk) => psk.identity), binders: psks.map((psk) => psk.binder) }));

export const clientHelloContents: Contents<ClientHelloExtensions> = {
  server_name: hostName,
  max_fragment_length: fc.integer({ min: 1, max: 4 }),
  status_request: fc.oneof(
    fc.record({
      statusType: fc.constant('ocsp' as const),
      responderIds: fc.array(bytes(1, 20), { maxLength: 3 }),
      requestExtensions: bytes(0, 20),
    }),
    fc.record({
      statusType: fc.constant('unknown' as const),
      code: fc.integer({ min: 2, max: 255 }),
      data: bytes(0, 20),
    }),
  ),
  supported_groups: codes,
  ec_point_formats: smallCodes,
  signature_algorithms: codes,
  signature_algorithms_cert: codes,
  application_layer_protocol_negotiation: names,
  signed_certificate_timestamp: empty,
  client_certificate_type: smallCodes,
  server_certificate_type: smallCodes,
  padding: fc.integer({ min: 0, max: 300 }),
  encrypt_then_mac: empty,
  extended_master_secret: empty,
  compress_certificate: differentCodes,
  record_size_limit: fc.integer({ min: 64, max: 0xffff }),
  delegated_credential: codes,
  session_ticket: bytes(0, 60),
  pre_shared_key: offeredPsks,
  early_data: empty,
  supported_versions: codes,
  cookie: bytes(1, 60),
  psk_key_exchange_modes: smallCodes,
  certificate_authorities: names,
  post_handshake_auth: empty,
  key_share: fc.array(keyShareEntry, { maxLength: 3 }),
  renegotiation_info: bytes(0, 24),
};

export const serverHelloContents: Contents<ServerHelloExtensions> = {
  server_name: empty,
  max_fragment_length: fc.integer({ min: 1, max: 4 }),
  status_request: empty,
  ec_point_formats: smallCodes,
  application_layer_protocol_negotiation: bytes(1, 255),
  signed_certificate_timestamp: names,
  client_certificate_type: uint(8),
  server_certificate_type: uint(8),
  encrypt_then_mac: empty,
  extended_master_secret: empty,
  record_size_limit: fc.integer({ min: 64, max: 0xffff }),
  session_ticket: empty,
  renegotiation_info: bytes(0, 24),
  supported_versions: code,
  key_share: keyShareEntry,
  pre_shared_key: code,
};

export const helloRetryRequestContents: Contents<HelloRetryRequestExtensions> = {
  supported_versions: code,
  key_share: code,
  cookie: bytes(1, 60),
};

export const encryptedExtensionsContents: Contents<EncryptedExtensionsExtensions> = {
  server_name: empty,
  max_fragment_length: fc.integer({ min: 1, max: 4 }),
  supported_groups: codes,
  application_layer_protocol_negotiation: bytes(1, 255),
  client_certificate_type: uint(8),
  server_certificate_type: uint(8),
  record_size_limit: fc.integer({ min: 64, max: 0xffff }),
  early_data: empty,
};

export const certificateRequestContents: Contents<CertificateRequestExtensions> = {
  status_request: empty,
  signature_algorithms: codes,
  signature_algorithms_cert: codes,
  signed_certificate_timestamp: empty,
  certificate_authorities: names,
  oid_filters: fc.array(fc.record({ oid: bytes(1, 10), values: bytes(0, 20) }), { maxLength: 3 }),
  compress_certificate: differentCodes,
};

export const certificateEntryContents: Contents<CertificateEntryExtensions> = {
  status_request: bytes(1, 60),
  signed_certificate_timestamp: names,
  delegated_credential: bytes(0, 60),
};

export const newSessionTicketContents: Contents<NewSessionTicketExtensions> = { early_data: uint(32) };

/** Any of the extensions of a table in any order, pre_shared_key last, with unknown ones between them. */
function extensions<Table>(contents: Contents<Table>, minLength = 0): Arbitrary<readonly Extension<Table>[]> {
  const inTable = Object.keys(contents) as (keyof Table & ExtensionName)[];
  const typesInTable = new Set<number>(inTable.map((name) => ExtensionType[name]));
  const known = inTable.map((name) => contents[name].map((value) => ({ name, value }) as Extension<Table>));
  const unknown: Arbitrary<Extension<Table>> = fc.record({
    name: fc.constant('unknown' as const),
    type: code.filter((type) => !typesInTable.has(type)),
    data: bytes(0, 20),
  });
  return fc
    .uniqueArray(fc.oneof(...known, unknown), {
      minLength,
      maxLength: 12,
      selector: (extension) => ('type' in extension ? extension.type : extension.name),
    })
    .map((list) => [
      ...list.filter(({ name }) => name !== 'pre_shared_key'),
      ...list.filter(({ name }) => name === 'pre_shared_key'),
    ]);
}

const helloFields = { legacyVersion: code, legacySessionIdEcho: bytes(0, 32), cipherSuite: code };
const certificateEntry: Arbitrary<CertificateEntry> = fc.record({
  certData: bytes(1, 200),
  extensions: extensions(certificateEntryContents),
});

interface Sample {
  readonly version: MessageVersion;
  readonly message: Arbitrary<HandshakeMessage>;
}

/** A message without content of its own. */
const only = <Name extends MessageName>(type: Name): { readonly type: Arbitrary<Name> } => ({
  type: fc.constant(type),
});

/** Arbitrary messages of every kind, by a name for the test report. */
export const arbitraryMessages: Readonly<Record<string, Sample>> = {
  HelloRequest: { version: 'tls12', message: fc.record(only('HelloRequest')) },
  ClientHello: {
    version: 'tls13',
    message: fc.record({
      ...only('ClientHello'),
      legacyVersion: code,
      random: bytes(32, 32),
      legacySessionId: bytes(0, 32),
      cipherSuites: codes,
      legacyCompressionMethods: smallCodes,
      extensions: extensions(clientHelloContents),
    }),
  },
  ServerHello: {
    version: 'tls12',
    message: fc.record({
      ...only('ServerHello'),
      ...helloFields,
      random: bytes(32, 32),
      legacyCompressionMethod: uint(8),
      extensions: extensions(serverHelloContents),
    }),
  },
  HelloRetryRequest: {
    version: 'tls13',
    message: fc.record({
      ...only('HelloRetryRequest'),
      ...helloFields,
      legacyCompressionMethod: uint(8),
      extensions: extensions(helloRetryRequestContents),
    }),
  },
  EncryptedExtensions: {
    version: 'tls13',
    message: fc.record({ ...only('EncryptedExtensions'), extensions: extensions(encryptedExtensionsContents) }),
  },
  'Certificate of TLS 1.2': {
    version: 'tls12',
    message: fc.record({
      ...only('Certificate'),
      version: fc.constant('tls12' as const),
      certificateList: fc.array(bytes(1, 200), { maxLength: 4 }),
    }),
  },
  'Certificate of TLS 1.3': {
    version: 'tls13',
    message: fc.record({
      ...only('Certificate'),
      version: fc.constant('tls13' as const),
      certificateRequestContext: bytes(0, 255),
      certificateList: fc.array(certificateEntry, { maxLength: 4 }),
    }),
  },
  'CertificateRequest of TLS 1.2': {
    version: 'tls12',
    message: fc.record({
      ...only('CertificateRequest'),
      version: fc.constant('tls12' as const),
      certificateTypes: smallCodes,
      supportedSignatureAlgorithms: codes,
      certificateAuthorities: fc.array(bytes(1, 60), { maxLength: 4 }),
    }),
  },
  'CertificateRequest of TLS 1.3': {
    version: 'tls13',
    message: fc.record({
      ...only('CertificateRequest'),
      version: fc.constant('tls13' as const),
      certificateRequestContext: bytes(0, 255),
      extensions: extensions(certificateRequestContents, 1),
    }),
  },
  ServerKeyExchange: {
    version: 'tls12',
    message: fc.record({ ...only('ServerKeyExchange'), exchangeKeys: bytes(0, 300) }),
  },
  ServerHelloDone: { version: 'tls12', message: fc.record(only('ServerHelloDone')) },
  ClientKeyExchange: {
    version: 'tls12',
    message: fc.record({ ...only('ClientKeyExchange'), exchangeKeys: bytes(0, 300) }),
  },
  CertificateVerify: {
    version: 'tls13',
    message: fc.record({ ...only('CertificateVerify'), algorithm: code, signature: bytes(0, 300) }),
  },
  CertificateStatus: {
    version: 'tls12',
    message: fc.record({ ...only('CertificateStatus'), response: bytes(1, 300) }),
  },
  'Finished of TLS 1.2': {
    version: 'tls12',
    message: fc.record({ ...only('Finished'), verifyData: bytes(12, 12) }),
  },
  'Finished of TLS 1.3': {
    version: 'tls13',
    message: fc.record({ ...only('Finished'), verifyData: bytes(32, 32) }),
  },
  'NewSessionTicket of TLS 1.2': {
    version: 'tls12',
    message: fc.record({
      ...only('NewSessionTicket'),
      version: fc.constant('tls12' as const),
      ticketLifetimeHint: uint(32),
      ticket: bytes(0, 300),
    }),
  },
  'NewSessionTicket of TLS 1.3': {
    version: 'tls13',
    message: fc.record({
      ...only('NewSessionTicket'),
      version: fc.constant('tls13' as const),
      ticketLifetime: uint(32),
      ticketAgeAdd: uint(32),
      ticketNonce: bytes(0, 255),
      ticket: bytes(1, 300),
      extensions: extensions(newSessionTicketContents),
    }),
  },
  EndOfEarlyData: { version: 'tls13', message: fc.record(only('EndOfEarlyData')) },
  KeyUpdate: { version: 'tls13', message: fc.record({ ...only('KeyUpdate'), requestUpdate: fc.boolean() }) },
  CompressedCertificate: {
    version: 'tls13',
    message: fc.record({
      ...only('CompressedCertificate'),
      algorithm: code,
      uncompressedLength: uint(24),
      compressedCertificateMessage: bytes(1, 300),
    }),
  },
};
