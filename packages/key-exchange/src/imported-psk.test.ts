import { nativeCrypto } from '@handfast/crypto/native';
import { fromHex } from '@handfast/wire';
import { describe, expect, it } from 'vitest';
import { type ImportablePsk, importPsk } from './imported-psk.ts';

const utf8 = new TextEncoder();
const psk: ImportablePsk = {
  identity: utf8.encode('device 17'),
  key: utf8.encode('0123456789abcdef0123456789abcdef'),
  context: utf8.encode('client to server'),
};
const identityAndContext = '00096465766963652031370010636c69656e7420746f20736572766572';

describe('an imported PSK', () => {
  // RFC 9258 has no example. The keys are what the importer of BoringSSL's test runner makes of the same input.
  it('is one for each hash, which its identity names after protocol, context and external identity', () => {
    expect(importPsk(nativeCrypto, psk)).toEqual([
      {
        identity: fromHex(`${identityAndContext}03040001`),
        key: fromHex('71f27185f3bc0ed257c21c8c324da9f06074763412e161c994b753c15e89c5b4'),
        hash: 'sha256',
        binder: 'imported',
      },
      {
        identity: fromHex(`${identityAndContext}03040002`),
        key: fromHex(
          '21f4eb2f6701c2eb9abb120a68be817dfd43d78de3f8e6ecce6970ef4f1baea70242c11b2d7278f35786654c135f7a68',
        ),
        hash: 'sha384',
        binder: 'imported',
      },
    ]);
  });

  it('is derived with the hash of the external one, and may have no context', () => {
    const imported = importPsk(nativeCrypto, { ...psk, context: new Uint8Array(0), hash: 'sha384' });
    expect(imported).toMatchObject([
      {
        identity: fromHex('0009646576696365203137000003040001'),
        key: fromHex('1724c52148111fb5f786e73c9c08d3a412e2a8b28f2bbbb733555032f7e75dec'),
      },
      {
        identity: fromHex('0009646576696365203137000003040002'),
        key: fromHex(
          'e03f331b1a87b890e67174bec5cbbc3a22cb8f291a363f9babaeb260aff6f4561de57aa1e2e78369a88cbe574b67ca0f',
        ),
      },
    ]);
  });

  it('may have an identity as long as pre_shared_key holds', () => {
    const [first] = importPsk(nativeCrypto, { ...psk, identity: new Uint8Array(65_500), context: new Uint8Array(27) });
    expect(first?.identity).toHaveLength(65_535);
  });

  it.for([
    ['a key of less than 128 bits', { ...psk, key: new Uint8Array(15) }],
    ['no identity', { ...psk, identity: new Uint8Array(0) }],
    ['more identity and context than one PSK holds', { ...psk, context: new Uint8Array(65_519) }],
  ] as const)('is not made of %s', ([, given]) => {
    expect(() => importPsk(nativeCrypto, given)).toThrow(expect.objectContaining({ reason: 'configuration-invalid' }));
  });
});
