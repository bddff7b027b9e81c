import { deflateSync, inflateSync } from 'node:zlib';
import { makePki } from '@handfast/certificates/testing';
import { nativeCrypto } from '@handfast/crypto/native';
import { LocalSessionManager } from '@handfast/sessions';
import { CertificateCompressionAlgorithm, NamedGroup, PskKeyExchangeMode } from '@handfast/wire';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { acquainted } from '../testing/acquainted.ts';
import type { LoopbackOptions } from '../testing/loopback.ts';
import { type Act, Bout, type Habit } from '../testing/sparring-partner.ts';
import type { CertificateCompression } from './index.ts';

const pki = await makePki({ kinds: ['ecdsa-p256'] });
const numRuns = 40;

const zlib: CertificateCompression = {
  algorithm: CertificateCompressionAlgorithm.zlib,
  compress: (message) => deflateSync(message),
  decompress(compressed, length) {
    try {
      return inflateSync(compressed, { maxOutputLength: length });
    } catch {
      return undefined;
    }
  },
};

const groups = [NamedGroup.x25519, NamedGroup.secp256r1];
const modes = [PskKeyExchangeMode.psk_ke];

function withExternalPsk(): LoopbackOptions {
  const psk = { identity: Uint8Array.of(1, 2, 3), key: new Uint8Array(32).fill(7), hash: 'sha256' as const };
  const sessions = () => new LocalSessionManager({ crypto: nativeCrypto, now: Date.now, externalPsks: [psk] });
  const [client, server] = [sessions(), sessions()];
  return {
    pki,
    clientPorts: (ports) => ({ ...ports, sessions: client }),
    serverPorts: (ports) => ({ ...ports, sessions: server }),
  };
}

const kinds: Readonly<Record<string, () => LoopbackOptions>> = {
  'early data': () => acquainted({ pki, client: { earlyData: 'offered' }, server: { maxEarlyData: 100 } }),
  'refused early data': () =>
    acquainted(
      { pki, client: { earlyData: 'offered' }, server: { maxEarlyData: 0 } },
      { server: { maxEarlyData: 100 } },
    ),
  'a PSK alone': () =>
    acquainted({ pki, client: { pskKeyExchangeModes: modes }, server: { pskKeyExchangeModes: modes } }),
  'a resumption after a retry, with a cookie': () =>
    acquainted({
      pki,
      client: { groups },
      server: { groups: [NamedGroup.secp256r1], retryCookieKey: new Uint8Array(32).fill(1) },
    }),
  'an external PSK': withExternalPsk,
  'compressed certificates, and more of them later': () => ({
    pki,
    clientCredentials: [pki.client],
    client: { certificateCompression: [zlib], postHandshakeAuthentication: 'offered' },
    server: { certificateCompression: [zlib], clientAuthentication: 'optional' },
  }),
};

const change = fc.record({
  message: fc.nat(9),
  at: fc.oneof(fc.nat(20), fc.nat(600)),
  cut: fc.oneof(fc.constant(0), fc.nat(8)),
  bytes: fc.uint8Array({ maxLength: 8 }),
  lengthened: fc.boolean(),
});
type Change = typeof change extends fc.Arbitrary<infer T> ? T : never;

/** Sends the message of that number with other bytes in it, and if so wanted a length that goes with them. */
function changing({ message, at, cut, bytes, lengthened }: Change): Habit {
  let count = 0;
  return (effect): readonly Act[] => {
    if (effect.kind !== 'send') return [effect];
    count += 1;
    if (count - 1 !== message) return [effect];
    const place = at % effect.bytes.length;
    const changed = Uint8Array.of(...effect.bytes.subarray(0, place), ...bytes, ...effect.bytes.subarray(place + cut));
    if (lengthened && changed.length >= 4) {
      const length = changed.length - 4;
      changed.set([length >> 16, length >> 8, length], 1);
    }
    return [{ ...effect, bytes: changed }];
  };
}

describe.for(Object.entries(kinds))('%s', ([, optionsOf]) => {
  test.for(['client', 'server'] as const)('a %s has a word for whatever its peer says instead', (role) => {
    fc.assert(
      fc.property(change, (how) => {
        const bout = new Bout(role, optionsOf(), changing(how)).run();
        const { subject } = bout;
        if (subject.opened?.requestClientCertificate !== undefined) {
          subject.connection.requestClientCertificate();
          bout.deliver();
        }
        subject.connection.transportEnded();
        expect(subject.error?.reason).not.toBe('internal-error');
        expect(subject.connection.timeline.endedAt).toBeDefined();
      }),
      { numRuns },
    );
  });
});
