import type { Aead } from '@handfast/crypto';
import { describe, expect, it } from 'vitest';
import { trafficKey } from './traffic-key.ts';
import type { AeadTrafficProtection } from './traffic-protection.ts';

const salt = Uint8Array.of(1, 2, 3, 4);
const iv = Uint8Array.of(1, 2, 3, 4, 0x80, 6, 7, 8, 9, 10, 11, 12);

describe('the nonce', () => {
  // IV XOR sequence number, worked out by hand.
  it.each([
    [0, [1, 2, 3, 4, 0x80, 6, 7, 8, 9, 10, 11, 12]],
    [1, [1, 2, 3, 4, 0x80, 6, 7, 8, 9, 10, 11, 13]],
    [0x102, [1, 2, 3, 4, 0x80, 6, 7, 8, 9, 10, 10, 14]],
    [2 ** 32 - 1, [1, 2, 3, 4, 0x80, 6, 7, 8, 0xf6, 0xf5, 0xf4, 0xf3]],
    [2 ** 32, [1, 2, 3, 4, 0x80, 6, 7, 9, 9, 10, 11, 12]],
    [2 ** 53 - 2, [1, 2, 3, 4, 0x80, 0x19, 0xf8, 0xf7, 0xf6, 0xf5, 0xf4, 0xf2]],
  ])('of record %d is the IV combined with its number (RFC 8446 section 5.3)', (sequence, nonce) => {
    const aead = new RecordingAead();
    trafficKey(protection('tls13', 'xor', aead), sequence).seal(record(1, 0), 1);
    expect(aead.nonces).toEqual([nonce]);
  });

  it.each([
    [0, [0, 0, 0, 0, 0, 0, 0, 0]],
    [0x1_0000_0002, [0, 0, 0, 1, 0, 0, 0, 2]],
  ])(
    'of TLS 1.2 AES-GCM record %d is the salt and the number, which travels (RFC 5288 section 3)',
    (sequence, number) => {
      const aead = new RecordingAead();
      const wire = record(1, 8);
      trafficKey(protection('tls12', 'explicit', aead), sequence).seal(wire, 1);
      expect(aead.nonces).toEqual([[...salt, ...number]]);
      expect([...wire.subarray(5, 13)]).toEqual(number);
    },
  );

  it('of a received TLS 1.2 AES-GCM record is what the sender chose', () => {
    const aead = new RecordingAead();
    const wire = record(1, 8);
    wire.set([9, 8, 7, 6, 5, 4, 3, 2], 5);
    trafficKey(protection('tls12', 'explicit', aead)).open(wire);
    expect(aead.nonces).toEqual([[...salt, 9, 8, 7, 6, 5, 4, 3, 2]]);
  });

  it('is another for each record sealed, and for each opened', () => {
    const aead = new RecordingAead();
    const sealing = trafficKey(protection('tls13', 'xor', aead));
    const opening = trafficKey(protection('tls13', 'xor', aead));
    for (let count = 0; count < 300; count++) sealing.seal(record(1, 0), 1);
    expect(new Set(aead.nonces.map(String)).size).toBe(300);
    for (let count = 0; count < 300; count++) opening.open(record(1, 0));
    expect(aead.nonces.slice(300)).toEqual(aead.nonces.slice(0, 300));
  });

  it('is not used again when the AEAD fails', () => {
    const aead = new RecordingAead();
    const key = trafficKey(protection('tls13', 'xor', aead));
    aead.failing = true;
    expect(() => key.seal(record(1, 0), 1)).toThrow('out of order');
    aead.failing = false;
    key.seal(record(1, 0), 1);
    expect(aead.nonces[1]).not.toEqual(aead.nonces[0]);
  });
});

describe('the additional data', () => {
  it('is the header as it stands on the wire in TLS 1.3 (RFC 8446 section 5.2)', () => {
    const aead = new RecordingAead();
    const key = trafficKey(protection('tls13', 'xor', aead), 7);
    key.seal(record(3, 0), 3);
    key.open(record(3, 0));
    expect(aead.additionalData).toEqual([
      [23, 3, 3, 0, 19],
      [23, 3, 3, 0, 19],
    ]);
  });

  it.each([
    ['explicit', 8],
    ['xor', 0],
  ] as const)(
    'is number, type, version and content length in TLS 1.2, nonce %s (RFC 5246 section 6.2.3.3)',
    (nonce, prefix) => {
      const aead = new RecordingAead();
      const key = trafficKey(protection('tls12', nonce, aead), 0x2_0000_0003);
      key.seal(record(300, prefix), 300);
      key.open(record(300, prefix));
      expect(aead.additionalData).toEqual([
        [0, 0, 0, 2, 0, 0, 0, 3, 23, 3, 3, 1, 44],
        [0, 0, 0, 2, 0, 0, 0, 4, 23, 3, 3, 1, 44],
      ]);
    },
  );
});

describe('the usage limit', () => {
  it('counts down to zero, and then nothing more is sealed', () => {
    const key = trafficKey({ ...protection('tls13', 'xor', new RecordingAead()), iv, limit: 2 });
    expect(key.left).toBe(2);
    key.seal(record(1, 0), 1);
    key.seal(record(1, 0), 1);
    expect(key.left).toBe(0);
    expect(() => key.seal(record(1, 0), 1)).toThrow(expect.objectContaining({ reason: 'record-limit-reached' }));
  });

  it('does not bound what is opened: to keep it is up to the sender', () => {
    const key = trafficKey({ ...protection('tls13', 'xor', new RecordingAead()), iv, limit: 1 });
    expect([key.open(record(1, 0)), key.open(record(1, 0))]).not.toContain(undefined);
  });

  it('stops opening before a sequence number could repeat', () => {
    const key = trafficKey(protection('tls13', 'xor', new RecordingAead()), Number.MAX_SAFE_INTEGER - 1);
    expect(key.open(record(1, 0))).toBeDefined();
    expect(() => key.open(record(1, 0))).toThrow(expect.objectContaining({ reason: 'record-limit-reached' }));
  });
});

it('does not count a record that is not authentic', () => {
  const aead = new RecordingAead();
  const key = trafficKey(protection('tls13', 'xor', aead));
  aead.authentic = false;
  expect(key.open(record(1, 0))).toBeUndefined();
  aead.authentic = true;
  key.open(record(1, 0));
  expect(aead.nonces[1]).toEqual(aead.nonces[0]);
});

it('finds a record too short for nonce and tag not authentic, without running the AEAD', () => {
  const aead = new RecordingAead();
  expect(trafficKey(protection('tls12', 'explicit', aead)).open(record(0, 7))).toBeUndefined();
  expect(aead.nonces).toEqual([]);
});

/** An AEAD that adds a tag of zeros and remembers what it was given. */
class RecordingAead implements Aead {
  readonly tagLength = 16;
  readonly nonces: number[][] = [];
  readonly additionalData: number[][] = [];
  failing = false;
  authentic = true;

  seal(nonce: Uint8Array, associatedData: Uint8Array, plaintext: Uint8Array): Uint8Array {
    this.#remember(nonce, associatedData);
    if (this.failing) throw new Error('out of order');
    return Uint8Array.from([...plaintext, ...new Uint8Array(16)]);
  }

  sealInto(nonce: Uint8Array, associatedData: Uint8Array, plaintext: Uint8Array, sealed: Uint8Array): void {
    sealed.set(this.seal(nonce, associatedData, plaintext));
  }

  open(nonce: Uint8Array, associatedData: Uint8Array, ciphertext: Uint8Array): Uint8Array | undefined {
    this.#remember(nonce, associatedData);
    return this.authentic ? ciphertext.slice(0, -16) : undefined;
  }

  #remember(nonce: Uint8Array, associatedData: Uint8Array): void {
    this.nonces.push([...nonce]);
    this.additionalData.push([...associatedData]);
  }
}

function protection(version: 'tls12' | 'tls13', nonce: 'explicit' | 'xor', aead: Aead): AeadTrafficProtection {
  return { kind: 'aead', version, aead, iv: nonce === 'explicit' ? salt : iv, nonce, limit: Number.POSITIVE_INFINITY };
}

/** A record of application data with so much content, behind a prefix of so many bytes. */
function record(contentLength: number, prefixLength: number): Uint8Array {
  const wire = new Uint8Array(5 + prefixLength + contentLength + 16);
  wire.set([23, 3, 3, (wire.length - 5) >> 8, wire.length - 5]);
  return wire;
}
