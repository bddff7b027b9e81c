import { parseCertificate, type RejectedVerdict, type ValidationRequest } from '@handfast/certificates';
import { clientAuth, issue, KeyUsageFlags, makePki, serverAuth, serverNames } from '@handfast/certificates/testing';
import { CipherSuite } from '@handfast/wire';
import { describe, expect, test } from 'vitest';
import { acquainted } from '../testing/acquainted.ts';
import { credentialOf, Loopback, type LoopbackOptions } from '../testing/loopback.ts';
import type { Ports } from './index.ts';

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

const revoked: RejectedVerdict = {
  trusted: false,
  reason: 'certificate-revoked',
  certificate: undefined,
  detail: 'revoked in the meantime',
  rule: 'RFC 5280 section 6.1.3 (a)(3)',
};

/** A validator that takes what was stapled for granted, tells what it was asked, and may change its mind. */
class Judge {
  readonly asked: ValidationRequest[] = [];
  verdict: RejectedVerdict | undefined;

  readonly ports = (ports: Ports): Ports => ({
    ...ports,
    certificates: {
      credentials: ports.certificates.credentials,
      authorities: ports.certificates.authorities,
      validate: (request, context) => {
        this.asked.push(request);
        return this.verdict ?? ports.certificates.validate({ ...request, ocspResponse: undefined }, context);
      },
    },
  });
}

/** Two ends that know each other by certificates, one of which validates those of sessions. */
function judged(by: 'client' | 'server', options: Partial<LoopbackOptions>) {
  const judge = new Judge();
  const { client, server } = options;
  const validating = { resumedPeer: 'validated' } as const;
  const again = acquainted({
    pki,
    clientCredentials: [pki.client],
    ...options,
    client: { ...client, ...(by === 'client' && validating) },
    server: { clientAuthentication: 'required', ...server, ...(by === 'server' && validating) },
    ...(by === 'client' ? { clientPorts: judge.ports } : { serverPorts: judge.ports }),
  });
  const [first] = judge.asked.splice(0);
  return { judge, first, again };
}

describe.each(['tls12', 'tls13'] as const)('%s: the peer of a session is judged again', (maxVersion) => {
  test.for(['client', 'server'] as const)('by a %s that validates it, as in the full handshake', (by) => {
    const { judge, first, again } = judged(by, { server: { maxVersion } });
    const loopback = new Loopback(again).run();
    expect([loopback.client.error, loopback.server.error]).toEqual([undefined, undefined]);
    expect(loopback[by].opened?.resumed).toBe(true);
    expect(loopback[by].connection.timeline.negotiated.peerSubject).toBeDefined();
    expect(judge.asked).toEqual([{ ...first, time: expect.any(Number) }]);
  });

  test.for(['client', 'server'] as const)('and refused by a %s that does not trust it any more', (by) => {
    const { judge, again } = judged(by, { server: { maxVersion } });
    judge.verdict = revoked;
    const { client, server } = new Loopback(again).run();
    const [refusing, refused] = by === 'client' ? [client, server] : [server, client];
    expect(refusing.error).toMatchObject({ reason: 'certificate-revoked', alert: 'certificate_revoked' });
    expect(refused.error).toMatchObject({ reason: 'peer-alert', alert: 'certificate_revoked' });
    expect([refusing.opened, refusing.connection.timeline.negotiated.peerSubject]).toEqual([undefined, undefined]);
  });

  test.for(['client', 'server'] as const)('but not by a %s that was not told to', (by) => {
    const { judge, again } = judged(by, { server: { maxVersion, resumedPeer: 'trusted' } });
    judge.verdict = revoked;
    const trusting = { ...again, [by]: { ...again[by], resumedPeer: 'trusted' } };
    expect(new Loopback(trusting).run()[by].opened?.peer?.verdict.trusted).toBe(true);
    expect(judge.asked).toEqual([]);
  });

  test('with what was stapled to its chain', () => {
    const stapled = { ocspResponse: Uint8Array.of(1, 2), signedCertificateTimestamps: [Uint8Array.of(3)] };
    const credentials = [{ ...credentialOf(pki.server), ...stapled }];
    const { judge, again } = judged('client', { server: { maxVersion, credentials } });
    expect(new Loopback(again).run().client.opened?.peer?.stapled).toEqual(stapled);
    expect(judge.asked).toMatchObject([stapled]);
  });

  test('and reported to a client that refuses none, which does not keep the session any longer', () => {
    const { judge, again } = judged('client', {
      server: { maxVersion, ticketCount: 1 },
      client: { serverVerification: 'reported' },
    });
    judge.verdict = revoked;
    const { client, server } = new Loopback(again).run();
    expect([client.error, server.error]).toEqual([undefined, undefined]);
    expect(client.opened).toMatchObject({ resumed: true, peer: { verdict: revoked } });
    expect(new Loopback(again).run().client.opened?.resumed).toBe(false);
  });
});

test('a session of RSA key transport is judged again by the use of its key', async () => {
  const decrypting = await issue({
    names: serverNames,
    issuer: pki.intermediate,
    extKeyUsage: [serverAuth],
    kind: 'rsa-2048',
    keyUsage: KeyUsageFlags.keyEncipherment,
  });
  const cipherSuites = [CipherSuite.TLS_RSA_WITH_AES_128_GCM_SHA256];
  const { judge, again } = judged('client', {
    serverCredentials: [decrypting],
    client: { cipherSuites },
    server: { cipherSuites, clientAuthentication: 'none' },
  });
  expect(new Loopback(again).run().client.opened?.resumed).toBe(true);
  expect(judge.asked).toMatchObject([{ keyUse: 'decrypt' }]);
});

describe('early data', () => {
  const options = {
    client: { earlyData: 'offered' },
    server: { maxEarlyData: 1_000, clientAuthentication: 'none' },
  } as const;

  /** A connection in which the client says something as early as it may. */
  function hurried(again: LoopbackOptions): Loopback {
    const loopback = new Loopback(again);
    loopback.server.connection.start();
    loopback.client.connection.start();
    if (loopback.client.early !== undefined) loopback.client.connection.write(new TextEncoder().encode('early'));
    return loopback.deliver();
  }

  test('goes to a server that is still trusted', () => {
    const { again } = judged('client', options);
    expect(hurried(again).server.receivedEarly).toBe('early');
  });

  test('does not go to a server that is not trusted any more', () => {
    const { judge, again } = judged('client', options);
    judge.verdict = revoked;
    const { client, server } = hurried(again);
    expect([client.early, client.error?.reason]).toEqual([undefined, 'certificate-revoked']);
    expect(server.receivedEarly).toBe('');
  });

  test('is not taken from a client that is not trusted any more', () => {
    const { judge, again } = judged('server', { ...options, server: { maxEarlyData: 1_000 } });
    judge.verdict = revoked;
    const { client, server } = hurried(again);
    expect([client.early, server.early, server.receivedEarly]).toEqual([expect.anything(), undefined, '']);
    expect(server.error?.reason).toBe('certificate-revoked');
  });
});
