import { cipherSuites } from '@handfast/key-exchange';
import { CipherSuite, NamedGroup } from '@handfast/wire';
import { describe, expect, it } from 'vitest';
import { UsageError } from '../usage-error.ts';
import { cipherSuiteCodes, groupCodes } from './names.ts';

describe('cipherSuiteCodes', () => {
  it('knows every suite that is implemented by its IANA name', () => {
    expect(cipherSuiteCodes(cipherSuites.map(({ name }) => name))).toEqual(cipherSuites.map(({ code }) => code));
  });

  it("knows OpenSSL's names, in lists with colons too", () => {
    expect(
      cipherSuiteCodes(['ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES256-GCM-SHA384', 'ecdhe-rsa-chacha20-poly1305']),
    ).toEqual([
      CipherSuite.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
      CipherSuite.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
      CipherSuite.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
    ]);
  });

  it('tells a suite that is not implemented from one that does not exist', () => {
    expect(() => cipherSuiteCodes(['TLS_AES_128_CCM_8_SHA256'])).toThrow(
      /^--ciphers: .* is not implemented; there are/,
    );
    expect(() => cipherSuiteCodes(['RC4-MD5'])).toThrow(/'RC4-MD5' is no cipher suite that is known here/);
    expect(() => cipherSuiteCodes(['']).length).toThrow(UsageError);
  });
});

describe('groupCodes', () => {
  it('knows IANA names and those that people use, in any case', () => {
    expect(groupCodes(['x25519', 'X25519', 'P-256', 'prime256v1', 'secp384r1', 'p-521', 'X25519MLKEM768'])).toEqual([
      NamedGroup.x25519,
      NamedGroup.x25519,
      NamedGroup.secp256r1,
      NamedGroup.secp256r1,
      NamedGroup.secp384r1,
      NamedGroup.secp521r1,
      NamedGroup.X25519MLKEM768,
    ]);
  });

  it('refuses what is no group', () => {
    expect(() => groupCodes(['P-255'])).toThrow(/'P-255' is no group that is known here/);
  });
});
