import { CipherSuite } from '@handfast/wire';
import { describe, expect, it } from 'vitest';
import { cipherSuite, cipherSuites } from './cipher-suites.ts';

describe('cipher suites', () => {
  it.for(cipherSuites)(
    '$name has the parameters that its name says',
    ({ code, name, version, hash, aead, authentication }) => {
      expect(CipherSuite[name]).toBe(code);
      expect(name.startsWith('TLS_ECDHE_')).toBe(version === 'tls12');
      expect(name).toContain(aead.replaceAll('-', '_').toUpperCase());
      expect(name.endsWith(hash.toUpperCase())).toBe(true);
      expect(name.includes('_ECDSA_') ? 'ecdsa' : name.includes('_RSA_') ? 'rsa' : 'any').toBe(authentication);
    },
  );

  it('are three of TLS 1.3 and six of TLS 1.2, each once', () => {
    expect(cipherSuites.map(({ version }) => version).sort()).toEqual([
      ...Array(6).fill('tls12'),
      ...Array(3).fill('tls13'),
    ]);
    expect(new Set(cipherSuites.map(({ code }) => code)).size).toBe(9);
  });

  it('are found by their code point, and others are not', () => {
    expect(cipherSuite(0x1301)?.name).toBe('TLS_AES_128_GCM_SHA256');
    expect(cipherSuite(CipherSuite.TLS_AES_128_CCM_SHA256)).toBeUndefined();
    expect(cipherSuite(CipherSuite.TLS_FALLBACK_SCSV)).toBeUndefined();
  });
});
