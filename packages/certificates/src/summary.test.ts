import { X509Certificate } from 'node:crypto';
import { nativeCrypto } from '@handfast/crypto/native';
import { expect, it } from 'vitest';
import { makePki } from '../testing/pki.ts';
import { parseCertificate } from './certificate.ts';
import { summarize } from './summary.ts';

it('a summary says what a certificate is for, and agrees with Node', async () => {
  const { server, root } = await makePki({ kinds: ['rsa-2048'] });
  const node = new X509Certificate(server.der);
  expect(summarize(nativeCrypto, parseCertificate(server.der))).toEqual({
    subject: 'CN=localhost',
    issuer: 'CN=Handfast Test CA,O=Handfast',
    serialNumber: node.serialNumber,
    names: ['localhost', 'example.org', '*.wild.example.org', '127.0.0.1', '::1'],
    notBefore: Date.parse(node.validFrom),
    notAfter: Date.parse(node.validTo),
    key: 'rsa 2048',
    isCa: false,
    fingerprint: node.fingerprint256.replaceAll(':', '').toLowerCase(),
  });
  expect(summarize(nativeCrypto, parseCertificate(root.der))).toMatchObject({
    key: 'ecdsa-p256',
    isCa: true,
    names: [],
  });
});
