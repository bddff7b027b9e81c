import { parseCertificate } from '@handfast/certificates';
import { clientAuth, issue, makePki, serverAuth } from '@handfast/certificates/testing';
import { describe, expect, test } from 'vitest';
import { acquainted } from '../testing/acquainted.ts';
import { Loopback } from '../testing/loopback.ts';

const pki = await makePki({ kinds: ['ecdsa-p256'] });
const nameOf = (der: Uint8Array) => parseCertificate(der).subject.der;
const other = Uint8Array.of(0x30, 0);

describe.each(['tls12', 'tls13'] as const)('%s: a client that was let in for its certificate', (maxVersion) => {
  const server = { maxVersion, clientAuthentication: 'required', authorities: [nameOf(pki.root.der)] } as const;
  const options = { pki, clientCredentials: [pki.client], server };

  test('resumes where its authority is one of those that may vouch for clients', () => {
    const { server: end } = new Loopback(acquainted(options)).run();
    expect(end.opened?.resumed).toBe(true);
  });

  test('is asked for it anew where its authority may not any more', () => {
    const again = acquainted(options);
    const { server: end } = new Loopback({ ...again, server: { ...server, authorities: [other] } }).run();
    expect(end.connection.timeline.negotiated.resumption).toBe('full');
  });
});

describe.each(['tls12', 'tls13'] as const)('%s: a certificate authority that expires', (maxVersion) => {
  const hour = 3_600_000;
  const now = Date.now();
  const shortLived = { issuer: pki.root, ca: { pathLength: 0 }, notAfter: new Date(now + hour) };

  test.for(['client', 'server'] as const)('ends the sessions of each %s that it vouched for', async (known) => {
    const issuer = await issue({ ...shortLived, subject: 'CN=Short-lived CA' });
    const client = await issue({ issuer, names: ['client.example'], extKeyUsage: [clientAuth] });
    const server = await issue({ issuer, names: ['localhost'], extKeyUsage: [serverAuth] });
    const ofClient = { clientCredentials: [client], server: { maxVersion, clientAuthentication: 'required' } } as const;
    const ofServer = { serverCredentials: [server], server: { maxVersion } } as const;
    const again = acquainted({ pki, ...(known === 'client' ? ofClient : ofServer) });
    const later = new Loopback({ ...again, date: () => now + hour + 60_000 }).run();
    const judge = known === 'client' ? later.server : later.client;
    expect(judge.error).toMatchObject({ reason: 'certificate-expired' });
  });
});
