/** How a protocol begins, as far as a record header's five bytes reach; `undefined` matches any byte. */
interface Opening {
  readonly protocol: string;
  readonly bytes: readonly (number | undefined)[];
}

function text(protocol: string, ...beginnings: readonly string[]): readonly Opening[] {
  return beginnings.map((beginning) => ({
    protocol,
    bytes: Array.from(beginning.slice(0, 5), (character) => character.charCodeAt(0)),
  }));
}

function http(...methods: readonly string[]): readonly Opening[] {
  return methods.flatMap((method) => text(`HTTP (${method})`, `${method} `));
}

const openings: readonly Opening[] = [
  ...http('GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'CONNECT', 'PATCH', 'TRACE'),
  ...text('HTTP (a response)', 'HTTP/'),
  ...text('HTTP/2 without TLS', 'PRI * HTTP/2.0'),
  ...text('the PROXY protocol', 'PROXY ', '\r\n\r\n\0'),
  ...text('SSH', 'SSH-'),
  ...text('SMTP', 'EHLO ', 'HELO ', 'LHLO '),
  ...text('SMTP or FTP (a greeting)', '220 ', '220-'),
  ...text('IMAP (a greeting)', '* OK '),
  ...text('POP3 (a greeting)', '+OK '),
  ...text('XMPP', '<?xml', '<stream'),
  ...text('NATS (a greeting)', 'INFO {'),
  ...text('Redis', '*1\r\n$', '*2\r\n$', '*3\r\n$', 'PING\r'),
  // LDAPMessage ::= SEQUENCE { messageID INTEGER … } (RFC 4511 section 4.1.1), with a short or a long length.
  { protocol: 'LDAP', bytes: [0x30, undefined, 0x02, 0x01] },
  { protocol: 'LDAP', bytes: [0x30, 0x84, 0x00, 0x00] },
  // The length of an SSLRequest or StartupMessage, which is below 64 KiB.
  { protocol: 'PostgreSQL', bytes: [0x00, 0x00, undefined, undefined, 0x04] },
  { protocol: 'PostgreSQL', bytes: [0x00, 0x00, undefined, undefined, 0x00] },
  // Length, sequence number 0, protocol version 10.
  { protocol: 'MySQL (a greeting)', bytes: [undefined, undefined, 0x00, 0x00, 0x0a] },
  { protocol: 'RDP', bytes: [0x03, 0x00, 0x00] },
  { protocol: 'SOCKS 5', bytes: [0x05, undefined, 0x00] },
  // Two-byte record header with its high bit set, msg_client_hello, version (RFC 5246 appendix E.2).
  { protocol: 'SSL 2.0 (a ClientHello)', bytes: [0x80, undefined, 0x01] },
];

/**
 * The protocol that a stream seems to speak whose first bytes are not a TLS record, by name; undefined when they say
 * nothing. The name holds none of the bytes but a request's method.
 * @param beginning the first 5 bytes.
 */
export function plaintextProtocol(beginning: Uint8Array): string | undefined {
  return openings.find(({ bytes }) => bytes.every((byte, at) => byte === undefined || byte === beginning[at]))
    ?.protocol;
}
