import { createCipheriv, createDecipheriv, createHmac } from 'node:crypto';
import { inspect } from 'node:util';
import { type CbcMacName, type CryptoProvider, macLength } from '@handfast/crypto';
import { nativeCrypto } from '@handfast/crypto/native';
import { TlsError } from '@handfast/wire';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type TrafficKey, trafficKey } from './traffic-key.ts';
import { trafficProtection12 } from './traffic-protection.ts';

const key = new Uint8Array(32).fill(0xab);
const macs: readonly CbcMacName[] = ['sha1', 'sha256', 'sha384'];

function keyOf(
  mac: CbcMacName,
  encryptThenMac: boolean,
  crypto: CryptoProvider = nativeCrypto,
  sequence = 0,
): TrafficKey {
  const keys = { macKey: macKeyOf(mac), key, iv: new Uint8Array() };
  return trafficKey(
    trafficProtection12(crypto, { kind: 'cbc', cipher: 'aes-256-cbc', mac }, keys, encryptThenMac),
    sequence,
  );
}

function macKeyOf(mac: CbcMacName): Uint8Array {
  return new Uint8Array(macLength[mac]).fill(0xcd);
}

/** A record of application data whose block cipher part is `plaintext`, whatever that is. */
function encrypted(plaintext: Uint8Array): Uint8Array {
  const iv = new Uint8Array(16).fill(7);
  const ciphertext = createCipheriv('aes-256-cbc', key, iv).setAutoPadding(false).update(plaintext);
  return withHeader(Buffer.concat([iv, ciphertext]));
}

function withHeader(fragment: Uint8Array): Uint8Array {
  return Uint8Array.of(23, 3, 3, fragment.length >> 8, fragment.length, ...fragment);
}

/** The MAC of a record of application data (RFC 5246 section 6.2.3.1). */
function macOf(mac: CbcMacName, sequence: number, authentic: Uint8Array): Uint8Array {
  const header = Buffer.of(0, 0, 0, 0, 0, 0, 0, sequence, 23, 3, 3, authentic.length >> 8, authentic.length);
  return createHmac(mac, macKeyOf(mac)).update(header).update(authentic).digest();
}

/** A record with so many bytes of padding beside their length byte, made without the code under test. */
function padded(mac: CbcMacName, content: Uint8Array, padding: number): Uint8Array {
  return encrypted(Buffer.concat([content, macOf(mac, 0, content), Buffer.alloc(padding + 1, padding)]));
}

/** All lengths of padding that fill the last block. */
function paddings(filled: number): number[] {
  return Array.from({ length: 16 }, (_, index) => 15 - (filled % 16) + 16 * index).filter((padding) => padding < 256);
}

describe.each(macs)('CBC with HMAC %s', (mac) => {
  it('lays a record out as IV, and encrypted: content, MAC, the least padding (RFC 5246 section 6.2.3.2)', () => {
    for (let length = 0; length < 40; length += 1) {
      const content = new Uint8Array(length).fill(length);
      const sealing = keyOf(mac, false);
      const wire = new Uint8Array(5 + 16 + length + sealing.suffixLength(length));
      wire.set([23, 3, 3, (wire.length - 5) >> 8, wire.length - 5]);
      wire.set(content, 21);
      sealing.seal(wire, length);
      const plaintext = createDecipheriv('aes-256-cbc', key, wire.subarray(5, 21))
        .setAutoPadding(false)
        .update(wire.subarray(21));
      const padding = 15 - ((length + macLength[mac]) % 16);
      expect(plaintext).toEqual(Buffer.concat([content, macOf(mac, 0, content), Buffer.alloc(padding + 1, padding)]));
    }
  });

  it('has its MAC behind the ciphertext with encrypt-then-MAC, over that and its IV (RFC 7366 section 3)', () => {
    const sealing = keyOf(mac, true);
    const wire = new Uint8Array(5 + 16 + 3 + sealing.suffixLength(3));
    wire.set([23, 3, 3, 0, wire.length - 5]);
    wire.set([1, 2, 3], 21);
    sealing.seal(wire, 3);
    expect(wire.length).toBe(5 + 16 + 16 + macLength[mac]);
    expect(Buffer.from(wire.subarray(37))).toEqual(Buffer.from(macOf(mac, 0, wire.subarray(5, 37))));
    const plaintext = createDecipheriv('aes-256-cbc', key, wire.subarray(5, 21))
      .setAutoPadding(false)
      .update(wire.subarray(21, 37));
    expect([...plaintext]).toEqual([1, 2, 3, ...new Array(13).fill(12)]);
  });

  it('has another IV for each record', () => {
    const sealing = keyOf(mac, false);
    const ivs = Array.from({ length: 100 }, () => {
      const wire = new Uint8Array(5 + 16 + sealing.suffixLength(0));
      sealing.seal(wire, 0);
      return Buffer.from(wire.subarray(5, 21)).toString('hex');
    });
    expect(new Set(ivs).size).toBe(100);
  });

  it('opens with any padding that the peer may choose', () => {
    for (const length of [0, 1, 100]) {
      const content = new Uint8Array(length).fill(9);
      for (const padding of paddings(length + macLength[mac])) {
        expect(keyOf(mac, false).open(padded(mac, content, padding))).toEqual(content);
      }
    }
  });

  it('opens nothing whose padding or MAC is wrong, and no error says which', () => {
    const content = new Uint8Array(30).fill(9);
    const good = Buffer.concat([content, macOf(mac, 0, content)]);
    const padding = 31 - (good.length % 16);
    const plaintext = Buffer.concat([good, Buffer.alloc(padding + 1, padding)]);
    expect(keyOf(mac, false).open(encrypted(plaintext))).toBeDefined();
    for (let at = 0; at < plaintext.length; at += 1) {
      const altered = Buffer.from(plaintext);
      altered[at] = (altered[at] ?? 0) ^ 1;
      expect(keyOf(mac, false).open(encrypted(altered))).toBeUndefined();
    }
    const beyond = Buffer.alloc(64, 255);
    expect(keyOf(mac, false).open(encrypted(beyond))).toBeUndefined();
  });

  it.each([false, true])('opens nothing of a length that it cannot have, encrypt-then-MAC %s', (encryptThenMac) => {
    for (let length = 0; length < 200; length += 1) {
      expect(keyOf(mac, encryptThenMac).open(withHeader(new Uint8Array(length)))).toBeUndefined();
    }
  });

  it('hashes as many blocks whatever the padding, right or wrong (Lucky Thirteen)', () => {
    const block = mac === 'sha384' ? 128 : 64;
    const ending = mac === 'sha384' ? 17 : 9;
    let hashed = 0;
    const counting: CryptoProvider = {
      ...nativeCrypto,
      hmac(hash, macKey, data) {
        hashed += Math.ceil((data.length + ending) / block);
        return nativeCrypto.hmac(hash, macKey, data);
      },
    };
    const plaintextLength = 512;
    const blocks = new Set<number>();
    for (let padding = 0; padding < 256; padding += 1) {
      const contentLength = plaintextLength - macLength[mac] - padding - 1;
      const content = new Uint8Array(contentLength);
      const right = Buffer.concat([content, macOf(mac, 0, content), Buffer.alloc(padding + 1, padding)]);
      const wrong = Buffer.from(right);
      wrong[0] = 1;
      for (const plaintext of [right, wrong]) {
        hashed = 0;
        keyOf(mac, false, counting).open(encrypted(plaintext));
        blocks.add(hashed);
      }
    }
    hashed = 0;
    keyOf(mac, false, counting).open(encrypted(new Uint8Array(plaintextLength).fill(3).fill(4, 100, 511)));
    blocks.add(hashed);
    expect(blocks.size).toBe(1);
  });

  it.each([false, true])('counts its records, encrypt-then-MAC %s', (encryptThenMac) => {
    const [sealing, opening] = [keyOf(mac, encryptThenMac), keyOf(mac, encryptThenMac)];
    const sealed = [1, 2].map((byte) => {
      const wire = new Uint8Array(5 + 16 + 1 + sealing.suffixLength(1));
      wire.set([23, 3, 3, 0, wire.length - 5]);
      wire[21] = byte;
      sealing.seal(wire, 1);
      return wire;
    });
    expect(sealing.left).toBe(2 ** 32 - 2);
    const [first = new Uint8Array(), second = new Uint8Array()] = sealed;
    expect(opening.open(second)).toBeUndefined();
    expect(opening.open(first)).toEqual(Uint8Array.of(1));
    expect(opening.open(second)).toEqual(Uint8Array.of(2));
  });
});

it('seals no more than its limit, and opens nothing when the sequence number is at its end', () => {
  const limited = expect.objectContaining({ reason: 'record-limit-reached' });
  expect(() => keyOf('sha256', false, nativeCrypto, 2 ** 32).seal(new Uint8Array(100), 0)).toThrow(limited);
  const last = keyOf('sha256', false, nativeCrypto, Number.MAX_SAFE_INTEGER);
  expect(() => last.open(padded('sha256', new Uint8Array(), 15))).toThrow(limited);
});

it('opens whatever comes or does not, and never fails', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...macs),
      fc.boolean(),
      fc.uint8Array({ maxLength: 400 }),
      (mac, encryptThenMac, bytes) => {
        expect(keyOf(mac, encryptThenMac).open(withHeader(bytes))).toBeUndefined();
        const whole = bytes.subarray(0, bytes.length - (bytes.length % 16));
        expect(keyOf(mac, encryptThenMac).open(encrypted(whole))).toBeUndefined();
      },
    ),
    { numRuns: 1000 },
  );
});

it('shows no key when it is inspected', () => {
  const keys = { macKey: macKeyOf('sha256'), key, iv: new Uint8Array() };
  const cipher = { kind: 'cbc', cipher: 'aes-256-cbc', mac: 'sha256' } as const;
  const protection = trafficProtection12(nativeCrypto, cipher, keys, false);
  expect(inspect([protection, trafficKey(protection)], { showHidden: true, depth: 9 })).not.toMatch(
    /171|205|abab|cdcd/,
  );
});

it('takes a MAC key of another length for a mistake of ours', () => {
  const keys = { macKey: new Uint8Array(19), key, iv: new Uint8Array() };
  expect(() =>
    trafficProtection12(nativeCrypto, { kind: 'cbc', cipher: 'aes-256-cbc', mac: 'sha1' }, keys, false),
  ).toThrow(TlsError);
});
