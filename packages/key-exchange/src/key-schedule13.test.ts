import { inspect } from 'node:util';
import type { CryptoProvider } from '@handfast/crypto';
import { nativeCrypto } from '@handfast/crypto/native';
import { toHex } from '@handfast/wire';
import { beforeEach, describe, expect, it } from 'vitest';
import { type CipherSuiteParameters, cipherSuites } from './cipher-suites.ts';
import { KeySchedule13 } from './key-schedule13.ts';
import { finishedVerifyData13, trafficKeys13 } from './traffic-keys13.ts';

const sharedSecret = new Uint8Array(32).fill(1);
const transcriptHash = new Uint8Array(32).fill(2);

describe('KeySchedule13', () => {
  it('goes from top to bottom, each stage once', () => {
    const schedule = new KeySchedule13(nativeCrypto, 'sha256');
    expect(() => schedule.enterApplication(transcriptHash)).toThrow(/early stage/);
    expect(() => schedule.resumptionSecret(transcriptHash)).toThrow(/early stage/);
    schedule.enterHandshake(sharedSecret, transcriptHash);
    expect(() => schedule.enterHandshake(sharedSecret, transcriptHash)).toThrow(/handshake stage/);
    expect(() => schedule.resumptionSecret(transcriptHash)).toThrow(/handshake stage/);
    schedule.enterApplication(transcriptHash);
    expect(() => schedule.enterApplication(transcriptHash)).toThrow(/application stage/);
    expect(schedule.resumptionSecret(transcriptHash)).toHaveLength(32);
  });

  it('has early secrets only with a PSK, and only before the handshake', () => {
    const without = new KeySchedule13(nativeCrypto, 'sha256');
    expect(() => without.binderKey('external')).toThrow(/internal-error/);
    expect(() => without.earlySecrets(transcriptHash)).toThrow(/internal-error/);
    const resumed = new KeySchedule13(nativeCrypto, 'sha256', new Uint8Array(32));
    const binderKeys = (['external', 'imported', 'resumption'] as const).map((kind) => toHex(resumed.binderKey(kind)));
    expect(new Set(binderKeys).size).toBe(3);
    resumed.enterHandshake(sharedSecret, transcriptHash);
    expect(() => resumed.binderKey('resumption')).toThrow(/handshake stage/);
  });

  it('without a PSK is the schedule with a PSK of zeros', () => {
    for (const hash of ['sha256', 'sha384'] as const) {
      const zeros = new Uint8Array(hash === 'sha256' ? 32 : 48);
      expect(new KeySchedule13(nativeCrypto, hash).enterHandshake(sharedSecret, transcriptHash)).toEqual(
        new KeySchedule13(nativeCrypto, hash, zeros).enterHandshake(sharedSecret, transcriptHash),
      );
    }
  });

  it('shows no secret to inspect', () => {
    const schedule = new KeySchedule13(nativeCrypto, 'sha256', new Uint8Array(32).fill(7));
    schedule.enterHandshake(sharedSecret, transcriptHash);
    expect(inspect(schedule, { depth: null, showHidden: true })).not.toMatch(/Uint8Array|Buffer/);
  });
});

describe('the cost of a full TLS 1.3 handshake', () => {
  let calls: { hmac: number; hash: number };
  let counting: CryptoProvider;
  beforeEach(() => {
    calls = { hmac: 0, hash: 0 };
    counting = {
      ...nativeCrypto,
      hmac(hash, key, data) {
        calls.hmac++;
        return nativeCrypto.hmac(hash, key, data);
      },
      hash(hash, data) {
        calls.hash++;
        return nativeCrypto.hash(hash, data);
      },
    };
  });

  it.for(cipherSuites.filter(({ version }) => version === 'tls13'))('is 20 HMACs with $name', (suite) => {
    walk(suite);
    calls = { hmac: 0, hash: 0 };
    walk(suite);
    // 2 extracts, 1 derived, 2 + 2 traffic secrets, 1 exporter secret, 4 keys, 4 IVs, 2 Finished of 2 each. The Early
    // Secret, what is derived from it, and the hash of nothing are the same in every handshake.
    expect(calls).toEqual({ hmac: 20, hash: 0 });
  });

  function walk(suite: CipherSuiteParameters): void {
    const schedule = new KeySchedule13(counting, suite.hash);
    const handshake = schedule.enterHandshake(sharedSecret, transcriptHash);
    const application = schedule.enterApplication(transcriptHash);
    for (const { client, server } of [handshake, application]) {
      trafficKeys13(counting, suite, client);
      trafficKeys13(counting, suite, server);
    }
    finishedVerifyData13(counting, suite.hash, handshake.client, transcriptHash);
    finishedVerifyData13(counting, suite.hash, handshake.server, transcriptHash);
  }
});
