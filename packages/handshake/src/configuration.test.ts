import { nativeCrypto as crypto } from '@handfast/crypto/native';
import { CipherSuite } from '@handfast/wire';
import { describe, expect, test } from 'vitest';
import { clientConfiguration, serverConfiguration } from './index.ts';

const client = { crypto, serverName: 'localhost' };
const server = { crypto, credentials: [] };
const invalid = { name: 'TlsError', reason: 'configuration-invalid' };

describe('a configuration is refused', () => {
  test.for([
    ['with a suite that there is not', { cipherSuites: [CipherSuite.TLS_FALLBACK_SCSV] }],
    ['with a group that there is not', { groups: [0x001e] }],
    ['without a group', { groups: [] }],
    ['whose lowest version is above the highest', { minVersion: 'tls13', maxVersion: 'tls12' }],
    ['without a suite for its versions', { maxVersion: 'tls12', cipherSuites: [CipherSuite.TLS_AES_128_GCM_SHA256] }],
    ['with an empty application protocol', { applicationProtocols: [''] }],
    ['with an application protocol of more than 255 bytes', { applicationProtocols: ['ä'.repeat(128)] }],
  ] as const)('%s', ([, given]) => {
    expect(() => serverConfiguration({ ...server, ...given })).toThrow(expect.objectContaining(invalid));
    expect(() => clientConfiguration({ ...client, ...given })).toThrow(expect.objectContaining(invalid));
  });

  test.for(['', 'bücher.example', 'two words', 'a'.repeat(256)])('with the server name %j', (serverName) => {
    expect(() => clientConfiguration({ ...client, serverName })).toThrow(expect.objectContaining(invalid));
  });
});

test('a configuration that says nothing is safe', () => {
  expect(clientConfiguration(client)).toMatchObject({
    minVersion: 'tls12',
    maxVersion: 'tls13',
    serverVerification: 'required',
    credentials: [],
  });
  expect(serverConfiguration(server)).toMatchObject({ clientAuthentication: 'none', applicationProtocols: [] });
});
