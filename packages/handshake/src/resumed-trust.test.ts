import { parseCertificate } from '@handfast/certificates';
import { makePki } from '@handfast/certificates/testing';
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
