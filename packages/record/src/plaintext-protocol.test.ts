import { describe, expect, it } from 'vitest';
import { plaintextProtocol } from './plaintext-protocol.ts';

describe('plaintextProtocol', () => {
  it.each([
    ['HTTP (GET)', 'GET /index.html?token=1 HTTP/1.1\r\n'],
    ['HTTP (OPTIONS)', 'OPTIONS * HTTP/1.1\r\n'],
    ['HTTP (a response)', 'HTTP/1.1 400 Bad Request\r\n'],
    ['HTTP/2 without TLS', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
    ['the PROXY protocol', 'PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n'],
    ['the PROXY protocol', '\r\n\r\n\0\r\nQUIT\n\x21\x11'],
    ['SSH', 'SSH-2.0-OpenSSH_9.2\r\n'],
    ['SMTP', 'EHLO mail.example\r\n'],
    ['SMTP or FTP (a greeting)', '220 mail.example ESMTP\r\n'],
    ['IMAP (a greeting)', '* OK [CAPABILITY IMAP4rev1 STARTTLS] ready\r\n'],
    ['POP3 (a greeting)', '+OK ready\r\n'],
    ['XMPP', "<?xml version='1.0'?><stream:stream"],
    ['NATS (a greeting)', 'INFO {"server_id":"N"}\r\n'],
    ['Redis', '*1\r\n$4\r\nPING\r\n'],
  ])('recognises %s', (protocol, beginning) => {
    expect(plaintextProtocol(new TextEncoder().encode(beginning).subarray(0, 5))).toBe(protocol);
  });

  it.each([
    ['LDAP', 'an anonymous bind', [0x30, 0x0c, 0x02, 0x01, 0x01, 0x60]],
    ['LDAP', 'a bind with lengths of four bytes', [0x30, 0x84, 0x00, 0x00, 0x00, 0x10]],
    ['PostgreSQL', 'an SSLRequest', [0x00, 0x00, 0x00, 0x08, 0x04, 0xd2]],
    ['PostgreSQL', 'a StartupMessage', [0x00, 0x00, 0x00, 0x29, 0x00, 0x03]],
    ['MySQL (a greeting)', 'protocol 10', [0x4a, 0x00, 0x00, 0x00, 0x0a, 0x38]],
    ['RDP', 'a connection request', [0x03, 0x00, 0x00, 0x13, 0x0e, 0xe0]],
    ['SOCKS 5', 'no authentication', [0x05, 0x01, 0x00, 0x05, 0x01]],
    ['SSL 2.0 (a ClientHello)', 'for TLS 1.0', [0x80, 0x2e, 0x01, 0x03, 0x01]],
  ])('recognises %s by %s', (protocol, _form, beginning) => {
    expect(plaintextProtocol(Uint8Array.from(beginning).subarray(0, 5))).toBe(protocol);
  });

  it('says nothing of bytes that it does not know', () => {
    expect(plaintextProtocol(Uint8Array.of(0xff, 0xfe, 0xfd, 0xfc, 0xfb))).toBeUndefined();
  });
});
