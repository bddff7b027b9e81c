import { makePki } from '@handfast/certificates/testing';
import { describe, expect, test } from 'vitest';
import { insteadOf } from '../../testing/habits.ts';
import { Loopback } from '../../testing/loopback.ts';
import { Bout } from '../../testing/sparring-partner.ts';

const pki = await makePki({ kinds: ['ecdsa-p256'] });

describe('a connection that is open for long', () => {
  test('adds nothing to the timeline of its handshake, however often certificates are asked for', () => {
    const loopback = new Loopback({
      pki,
      clientCredentials: [pki.client],
      client: { postHandshakeAuthentication: 'offered' },
    }).run();
    const { client, server } = loopback;
    const talk = () => {
      client.connection.write(Uint8Array.of(65));
      server.connection.write(Uint8Array.of(66));
      loopback.deliver();
    };
    talk();
    const sizes = () =>
      [client, server].map(({ connection: { timeline } }) => [
        timeline.steps.length,
        timeline.steps.flatMap(({ asks }) => asks).length,
      ]);
    const before = sizes();
    for (let time = 0; time < 40; time += 1) {
      server.connection.requestClientCertificate();
      loopback.deliver();
      talk();
    }
    expect(server.authenticated.length).toBe(40);
    expect(client.error ?? server.error).toBeUndefined();
    expect(sizes()).toEqual(before);
  });

  test('takes no data within the answer to a request for a certificate', () => {
    const bout = new Bout(
      'server',
      { pki, clientCredentials: [pki.client], client: { postHandshakeAuthentication: 'offered' } },
      insteadOf('CertificateVerify', (message) => [
        { kind: 'record', type: 'application_data', fragment: Uint8Array.of(65) },
        message,
      ]),
    ).run();
    bout.subject.connection.requestClientCertificate();
    bout.deliver();
    expect(bout.subject.error).toMatchObject({ alert: 'unexpected_message' });
    expect([bout.subject.received, bout.subject.authenticated]).toEqual(['', []]);
  });
});
