import { TlsError } from '@handfast/wire';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodePem } from './pem.ts';

const block = (label: string, body: string): string => `-----BEGIN ${label}-----\n${body}\n-----END ${label}-----\n`;
const invalid = expect.objectContaining({ reason: 'configuration-invalid' });

describe('reading PEM', () => {
  it('gives the blocks with the label, in their order, whatever stands around them', () => {
    const text = `Subject: one\n${block('CERTIFICATE', 'AQID')}# comment\r\n${block('X509 CRL', 'AAAA')}${block('CERTIFICATE', 'BAU=')}`;
    expect(decodePem(text, 'CERTIFICATE')).toEqual([Uint8Array.of(1, 2, 3), Uint8Array.of(4, 5)]);
    expect(decodePem(text, /CRL$/)).toEqual([Uint8Array.of(0, 0, 0)]);
    expect(decodePem(text, 'PRIVATE KEY')).toEqual([]);
    expect(decodePem('', 'CERTIFICATE')).toEqual([]);
  });

  it('takes any line ends, and any length of lines', () => {
    expect(decodePem('-----BEGIN X-----\r\nAQ\r\nID\r\n-----END X-----', 'X')).toEqual([Uint8Array.of(1, 2, 3)]);
  });

  it('reads what Buffer writes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (content) => {
        const lines = Buffer.from(content).toString('base64').replace(/.{64}/g, '$&\n');
        expect(decodePem(block('X', lines), 'X')).toEqual([content]);
      }),
    );
  });

  it.for([
    ['a block that does not end', '-----BEGIN X-----\nAQID\n'],
    ['a block that ends as another', '-----BEGIN X-----\nAQID\n-----END Y-----\n'],
    ['characters that are not of base64', block('X', 'AQ!D')],
    ['base64 without its padding', block('X', 'AQI')],
    ['padding in the middle', block('X', 'AQ==AQID')],
    ['headers that do not end', block('X', 'Proc-Type: 4')],
  ] as const)('refuses %s', ([, text]) => {
    expect(() => decodePem(text, 'X')).toThrow(invalid);
  });

  it('refuses more text than any file of certificates has', () => {
    expect(() => decodePem(' '.repeat(2 ** 24 + 1), 'X')).toThrow(invalid);
  });

  it('never throws anything but TlsError, and never quotes the text', () => {
    const part = fc.constantFrom('-----BEGIN X-----', '-----END X-----', '\n', 'secret!', 'AQID', ' ', 'A: b');
    fc.assert(
      fc.property(fc.array(part, { maxLength: 12 }), (parts) => {
        try {
          decodePem(parts.join(''), /./);
        } catch (error) {
          expect(error).toBeInstanceOf(TlsError);
          expect(String(error)).not.toContain('secret');
        }
      }),
    );
  });
});
