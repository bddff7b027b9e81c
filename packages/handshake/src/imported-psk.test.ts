import { makePki } from '@handfast/certificates/testing';
import { nativeCrypto } from '@handfast/crypto/native';
import { importPsk } from '@handfast/key-exchange';
import { type ConfiguredPsk, LocalSessionManager } from '@handfast/sessions';
import { CipherSuite, NamedGroup } from '@handfast/wire';
import { describe, expect, test } from 'vitest';
import { Loopback, type LoopbackOptions } from '../testing/loopback.ts';
import type { Ports } from './index.ts';

const pki = await makePki({ kinds: ['ecdsa-p256'] });

describe('an imported PSK', () => {
  const external = { identity: Uint8Array.of(1, 2), key: new Uint8Array(20).fill(7), context: Uint8Array.of(3) };
  /** For SHA-256, and for SHA-384. */
  const imported = importPsk(nativeCrypto, external);

  function knowing(
    client: readonly ConfiguredPsk[],
    server: readonly ConfiguredPsk[],
    more: Partial<LoopbackOptions> = {},
  ): Loopback {
    const having = (externalPsks: readonly ConfiguredPsk[]) => (ports: Ports) => ({
      ...ports,
      sessions: new LocalSessionManager({ crypto: nativeCrypto, now: Date.now, externalPsks }),
    });
    return new Loopback({ pki, ...more, clientPorts: having(client), serverPorts: having(server) }).run();
  }

  test.for(['TLS_AES_128_GCM_SHA256', 'TLS_AES_256_GCM_SHA384'] as const)(
    'stands for certificates on both sides, with a suite of any hash: %s',
    (suite) => {
      const { client, server } = knowing(imported, imported, { server: { cipherSuites: [CipherSuite[suite]] } });
      expect(client.connection.timeline.negotiated.resumption).toBe('external-psk');
      expect(server.opened).toMatchObject({ resumed: true, peer: undefined });
    },
  );

  test('stays after a HelloRetryRequest, where it goes with the suite', () => {
    const groups = [NamedGroup.x25519, NamedGroup.secp384r1];
    const server = { groups: [NamedGroup.secp384r1], cipherSuites: [CipherSuite.TLS_AES_256_GCM_SHA384] };
    const retried = knowing(imported, imported, { client: { groups }, server });
    expect(retried.server.connection.timeline.negotiated).toMatchObject({
      helloRetried: true,
      resumption: 'external-psk',
    });
    expect(retried.client.opened).toMatchObject({ resumed: true });
  });

  test('of another context is not known', () => {
    const other = importPsk(nativeCrypto, { ...external, context: Uint8Array.of(4) });
    const { server } = knowing(other, imported);
    expect(server.connection.timeline.negotiated.resumption).toBe('full');
  });

  test('is no other than imported, as its binder tells', () => {
    const { server } = knowing(
      imported.map(({ binder: _, ...psk }) => psk),
      imported,
    );
    expect(server.error).toMatchObject({ reason: 'binder-mismatch', alert: 'decrypt_error' });
  });
});
