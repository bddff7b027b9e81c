import { nativeCrypto } from '@handfast/crypto/native';
import { fromHex, toHex } from '@handfast/wire';
import { describe, expect, it } from 'vitest';
import { keyIdOf } from './key-id.ts';
import { keyLogLine } from './key-log.ts';
import { certificateVerifyContent13, delegatedCredentialContent } from './signed-content.ts';

it('certificateVerifyContent13 is the example of RFC 8446 section 4.4.3', () => {
  const content = certificateVerifyContent13('server', new Uint8Array(32).fill(1));
  expect(toHex(content)).toBe(
    `${'20'.repeat(64)}544c5320312e332c207365727665722043657274696669636174655665726966790` + `0${'01'.repeat(32)}`,
  );
});

it('delegatedCredentialContent is what RFC 9345 section 4 lists, in its order', () => {
  const credential = { validTime: 7, certVerifyAlgorithm: 0x0403, subjectPublicKeyInfo: fromHex('aa') };
  const text = (side: string) =>
    `${'20'.repeat(64)}${Buffer.from(`TLS, ${side} delegated credentials\0`).toString('hex')}`;
  for (const side of ['client', 'server'] as const) {
    const content = delegatedCredentialContent(side, fromHex('cc'), { credential, algorithm: 0x0804 });
    expect(toHex(content)).toBe(`${text(side)}cc0000000704030000${'01aa0804'}`);
  }
});

describe('keyIdOf', () => {
  it('is the SHA-256 of the bytes in lower-case hexadecimal', () => {
    expect(keyIdOf(nativeCrypto, Buffer.from('abc'))).toBe(
      'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
    );
  });
});

describe('keyLogLine', () => {
  it('is label, client random and secret', () => {
    expect(keyLogLine('CLIENT_RANDOM', fromHex('00ff'), fromHex('A0'))).toBe('CLIENT_RANDOM 00ff a0');
  });
});
