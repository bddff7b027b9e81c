import { makePki } from '@handfast/certificates/testing';
import { describe, expect, test } from 'vitest';
import { acquainted } from '../testing/acquainted.ts';
import { Loopback } from '../testing/loopback.ts';

const pki = await makePki({ kinds: ['ecdsa-p256'] });
const willing = {
  pki,
  client: { earlyData: 'offered', recordSizeLimit: 0x4001 },
  server: { maxEarlyData: 10_000 },
} as const;

describe('early data', () => {
  test('may be answered, and the answer ended, before the client has proved itself', () => {
    const loopback = new Loopback(acquainted(willing));
    const { client, server } = loopback;
    server.connection.start();
    client.connection.start();
    client.connection.write(new TextEncoder().encode('question'));
    for (const bytes of client.outbox.splice(0)) server.connection.receive(bytes);
    expect(server.receivedEarly).toBe('question');
    server.connection.write(new TextEncoder().encode('answer'));
    server.connection.close();
    loopback.deliver();
    expect(server.error ?? client.error).toBeUndefined();
    expect([client.received, client.peerClosed]).toEqual(['answer', true]);
    expect(server.opened).toBeDefined();
    client.connection.write(new TextEncoder().encode('thanks'));
    client.connection.close();
    loopback.deliver();
    expect([server.received, server.peerClosed]).toEqual(['thanks', true]);
    expect(server.connection.timeline.state).toBe('confirmed');
  });

  test('that is refused may come in longer records than the server, unheard yet, wants them', () => {
    const options = acquainted(willing);
    const loopback = new Loopback({ ...options, server: { maxEarlyData: 0, recordSizeLimit: 64 } });
    const { client, server } = loopback;
    server.connection.start();
    client.connection.start();
    client.connection.write(new Uint8Array(9_000));
    loopback.deliver();
    expect(server.error ?? client.error).toBeUndefined();
    expect([client.earlyOutcome, server.receivedEarly]).toEqual(['rejected', '']);
    client.connection.write(new Uint8Array(300).fill(65));
    loopback.deliver();
    expect(server.received).toBe('A'.repeat(300));
  });
});
