import { CipherSuite } from '@handfast/wire';
import { describe, expect, it } from 'vitest';
import { type CipherSuiteParameters, cipherSuite, cipherSuites, legacyCipherSuites } from './cipher-suites.ts';

describe('cipher suites', () => {
  it.for([...cipherSuites, ...legacyCipherSuites])('$name has the parameters that its name says', (suite) => {
    const { name, version, keyExchange, authentication, hash } = suite;
    expect(CipherSuite[name]).toBe(suite.code);
    expect(name.includes('_WITH_') ? 'tls12' : 'tls13').toBe(version);
    expect(/^TLS_(ECDHE|DHE|RSA)_/.exec(name)?.[1]?.toLowerCase() ?? 'any').toBe(keyExchange);
    expect(/_(ECDSA|RSA)_/.exec(name)?.[1]?.toLowerCase() ?? 'any').toBe(authentication);
    expect(name).toContain(protectionText(suite));
    // TLS 1.2 has SHA-256 for suites that name SHA-1 or no hash (RFC 5246 section 5, RFC 6655 section 3).
    expect(name.endsWith('SHA384') ? 'sha384' : 'sha256').toBe(hash);
  });

  it('are three of TLS 1.3 and six of TLS 1.2 by default, with forward secrecy and an AEAD', () => {
    expect(cipherSuites.map(({ version }) => version).sort()).toEqual([
      ...Array(6).fill('tls12'),
      ...Array(3).fill('tls13'),
    ]);
    expect(new Set(cipherSuites.map(({ keyExchange }) => keyExchange))).toEqual(new Set(['any', 'ecdhe']));
    expect(new Set(cipherSuites.map(({ protection }) => protection.kind))).toEqual(new Set(['aead']));
  });

  it('are each in one list, once', () => {
    const all = [...cipherSuites, ...legacyCipherSuites].map(({ code }) => code);
    expect(new Set(all).size).toBe(all.length);
  });

  it('are found by their code point, the legacy ones too, and others are not', () => {
    expect(cipherSuite(0x1301)?.name).toBe('TLS_AES_128_GCM_SHA256');
    expect(cipherSuite(0x002f)?.name).toBe('TLS_RSA_WITH_AES_128_CBC_SHA');
    expect(cipherSuite(CipherSuite.TLS_FALLBACK_SCSV)).toBeUndefined();
  });
});

/** The part of the name that is about records. */
function protectionText({ protection }: CipherSuiteParameters): string {
  if (protection.kind === 'aead') return protection.aead.replaceAll('-', '_').toUpperCase();
  const mac = protection.mac === 'sha1' ? 'SHA' : protection.mac;
  return `${protection.cipher}_${mac}`.replaceAll('-', '_').toUpperCase();
}
