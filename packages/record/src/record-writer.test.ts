import { inspect } from 'node:util';
import { nativeCrypto } from '@handfast/crypto/native';
import type { ContentTypeName } from '@handfast/wire';
import { describe, expect, it } from 'vitest';
import type { TlsRecord } from './record.ts';
import { RecordReader } from './record-reader.ts';
import { RecordWriter, type RecordWriterOptions } from './record-writer.ts';
import { type TrafficProtection, trafficProtection } from './traffic-protection.ts';

const maximum = 2 ** 14;
const tls13 = trafficProtection(nativeCrypto, 'tls13', 'aes-128-gcm', new Uint8Array(16).fill(1), new Uint8Array(12));
const tls12 = trafficProtection(nativeCrypto, 'tls12', 'aes-128-gcm', new Uint8Array(16).fill(2), new Uint8Array(4));
const chacha12 = trafficProtection(
  nativeCrypto,
  'tls12',
  'chacha20-poly1305',
  new Uint8Array(32).fill(3),
  new Uint8Array(12),
);

describe('a record on the wire', () => {
  it('has type, version, length and content', () => {
    const writer = new RecordWriter();
    writer.write('alert', Uint8Array.of(2, 40));
    expect(writer.take()).toEqual(Uint8Array.of(21, 3, 3, 0, 2, 2, 40));
  });

  it('can say TLS 1.0 in the very first record alone (RFC 8446 section 5.1)', () => {
    const writer = new RecordWriter({ firstRecordVersion: 0x0301 });
    writer.write('handshake', Uint8Array.of(1));
    writer.write('change_cipher_spec', Uint8Array.of(1));
    expect(writer.take()).toEqual(Uint8Array.of(22, 3, 1, 0, 1, 1, 20, 3, 3, 0, 1, 1));
    writer.write('handshake', Uint8Array.of(1));
    expect(writer.take()).toEqual(Uint8Array.of(22, 3, 3, 0, 1, 1));
  });

  it.each([
    ['TLS 1.3', tls13, 23, 5 + 2 + 1 + 16],
    ['TLS 1.2 AES-GCM', tls12, 21, 5 + 8 + 2 + 16],
    ['TLS 1.2 ChaCha20-Poly1305', chacha12, 21, 5 + 2 + 16],
  ])('of %s has the outer type and the length that belong to it', (_name, protection, type, length) => {
    const writer = protectedWriter(protection);
    writer.write('alert', Uint8Array.of(1, 0));
    const wire = writer.take();
    expect(wire).toHaveLength(length);
    expect([...wire.subarray(0, 5)]).toEqual([type, 3, 3, 0, length - 5]);
  });
});

describe('a flight', () => {
  it('is one buffer with everything in the order written', () => {
    const writer = new RecordWriter();
    writer.write('handshake', Uint8Array.of(1));
    writer.write('change_cipher_spec', Uint8Array.of(1));
    writer.protect(tls13);
    writer.write('handshake', Uint8Array.of(2));
    writer.write('alert', Uint8Array.of(1, 0));
    expect(read(writer.take(), 2)).toEqual([
      ['handshake', 1],
      ['change_cipher_spec', 1],
      ['handshake', 2],
      ['alert', 1, 0],
    ]);
  });

  it('is taken once, and not written to afterwards', () => {
    const writer = new RecordWriter();
    expect(writer.take()).toHaveLength(0);
    writer.write('handshake', Uint8Array.of(1));
    expect(writer.pending).toBeGreaterThan(0);
    const flight = writer.take();
    expect(writer.pending).toBe(0);
    const content = flight.slice();
    writer.write('handshake', Uint8Array.of(9));
    writer.take();
    expect(flight).toEqual(content);
    expect(writer.take()).toHaveLength(0);
  });

  it('does not depend on the data once that has been written', () => {
    const writer = protectedWriter(tls12);
    const data = Uint8Array.of(1, 2);
    writer.write('application_data', data);
    data.fill(0);
    expect(read(writer.take(), tls12)).toEqual([['application_data', 1, 2]]);
  });

  it('coalesces handshake messages, and application data, that follow each other', () => {
    const writer = protectedWriter(tls13);
    writer.write('handshake', Uint8Array.of(1));
    writer.write('handshake', Uint8Array.of(2));
    writer.write('application_data', Uint8Array.of(3));
    writer.write('application_data', Uint8Array.of(4));
    writer.write('handshake', Uint8Array.of(5));
    expect(read(writer.take(), tls13)).toEqual([
      ['handshake', 1, 2],
      ['application_data', 3, 4],
      ['handshake', 5],
    ]);
  });

  it.each(['alert', 'change_cipher_spec'] as const)('never coalesces %s', (type) => {
    const writer = new RecordWriter();
    writer.write(type, Uint8Array.of(1));
    writer.write(type, Uint8Array.of(1));
    expect(read(writer.take())).toEqual([
      [type, 1],
      [type, 1],
    ]);
  });

  it('ends a record where the key changes', () => {
    const writer = protectedWriter(tls13);
    writer.write('handshake', Uint8Array.of(1));
    writer.protect(tls13);
    writer.write('handshake', Uint8Array.of(2));
    const reader = new RecordReader();
    reader.push(writer.take());
    reader.protect(tls13);
    expect([...(reader.next()?.fragment ?? [])]).toEqual([1]);
    reader.protect(tls13);
    expect([...(reader.next()?.fragment ?? [])]).toEqual([2]);
  });

  it('holds no plaintext when sealing failed', () => {
    const outOfOrder = () => {
      throw new Error('out of order');
    };
    const writer = protectedWriter(tls13);
    writer.write('application_data', Uint8Array.of(1));
    writer.protect({
      ...{ kind: 'aead', version: 'tls13', nonce: 'xor', iv: tls13.iv, limit: 10 },
      aead: { tagLength: 16, seal: outOfOrder, sealInto: outOfOrder, open: () => undefined },
    });
    writer.write('application_data', new TextEncoder().encode('secret'));
    expect(() => writer.take()).toThrow('out of order');
    const flight = writer.take();
    expect(Buffer.from(flight).includes('secret')).toBe(false);
    expect(read(flight, tls13)).toEqual([['application_data', 1]]);
  });
});

describe.each([
  ['unprotected', undefined, 'handshake'],
  ['TLS 1.2', tls12, 'application_data'],
  ['TLS 1.3', tls13, 'application_data'],
] as const)('%s content', (_name, protection, type) => {
  it.each([
    [maximum, [maximum]],
    [maximum + 1, [maximum, 1]],
    [2 * maximum, [maximum, maximum]],
  ])('of %d bytes goes into records of %j', (length, lengths) => {
    const writer = protectedWriter(protection);
    writer.write(type, new Uint8Array(length));
    expect(contentLengths(writer.take(), protection)).toEqual(lengths);
  });

  it('keeps to the limit that the peer asked for', () => {
    const most = protection?.version === 'tls13' ? 99 : 100;
    const writer = protectedWriter(protection);
    writer.limit(100);
    writer.write(type, new Uint8Array(250));
    writer.write(type, new Uint8Array(60));
    expect(contentLengths(writer.take(), protection)).toEqual([most, most, most, 310 - 3 * most]);
  });

  it('is bound by the maximum where the peer would take more', () => {
    const writer = protectedWriter(protection);
    writer.limit(65535);
    writer.write(type, new Uint8Array(maximum + 1));
    expect(contentLengths(writer.take(), protection)).toEqual([maximum, 1]);
  });
});

it('begins a new limit with a new record', () => {
  const writer = protectedWriter(tls13);
  writer.write('application_data', new Uint8Array(1000));
  writer.limit(65);
  writer.write('application_data', new Uint8Array(65));
  expect(contentLengths(writer.take(), tls13)).toEqual([1000, 64, 1]);
});

it('refuses a limit below 64 (RFC 8449 section 4)', () => {
  expect(() => new RecordWriter().limit(63)).toThrow(expect.objectContaining({ reason: 'illegal-parameter' }));
  expect(() => new RecordWriter().limit(64)).not.toThrow();
});

describe('padding', () => {
  it('hides the length of the content, which comes out as it was', () => {
    const writer = protectedWriter(tls13, { padding: (length) => 128 - length });
    writer.write('application_data', Uint8Array.of(1, 2, 0));
    writer.write('alert', Uint8Array.of(1, 0));
    const wire = writer.take();
    expect(wire).toHaveLength(2 * (5 + 128 + 1 + 16));
    expect(read(wire, tls13)).toEqual([
      ['application_data', 1, 2, 0],
      ['alert', 1, 0],
    ]);
  });

  it('is added up to the limit of the record', () => {
    const writer = protectedWriter(tls13, { padding: () => 2 ** 20 });
    writer.limit(100);
    writer.write('application_data', new Uint8Array(150));
    const wire = writer.take();
    expect(wire).toHaveLength(2 * (5 + 100 + 16));
    expect(contentLengths(wire, tls13)).toEqual([99, 51]);
  });

  it('is nothing that TLS 1.2 or a record in the clear has', () => {
    const writer = new RecordWriter({ padding: () => 100 });
    writer.write('handshake', Uint8Array.of(1));
    expect(writer.take()).toHaveLength(6);
    writer.protect(tls12);
    writer.write('handshake', Uint8Array.of(1));
    expect(writer.take()).toHaveLength(5 + 8 + 1 + 16);
  });
});

describe('change_cipher_spec', () => {
  it('is in the clear under TLS 1.3 and takes no sequence number', () => {
    const writer = protectedWriter(tls13);
    writer.write('change_cipher_spec', Uint8Array.of(1));
    writer.write('handshake', Uint8Array.of(1));
    const wire = writer.take();
    expect(wire.subarray(0, 6)).toEqual(Uint8Array.of(20, 3, 3, 0, 1, 1));
    expect(read(wire, tls13)).toEqual([
      ['change_cipher_spec', 1],
      ['handshake', 1],
    ]);
  });
});

describe('the records left under a key', () => {
  const fewRecords = {
    kind: 'aead',
    version: 'tls13',
    nonce: 'xor',
    iv: tls13.iv,
    aead: tls13.aead,
    limit: 3,
  } as const;

  it('are counted down, that in the making included', () => {
    const writer = new RecordWriter();
    expect(writer.recordsLeft).toBe(Number.POSITIVE_INFINITY);
    writer.protect(fewRecords);
    expect(writer.recordsLeft).toBe(3);
    writer.write('handshake', Uint8Array.of(1));
    expect(writer.recordsLeft).toBe(2);
    writer.write('handshake', Uint8Array.of(1));
    expect(writer.recordsLeft).toBe(2);
    writer.take();
    expect(writer.recordsLeft).toBe(2);
    writer.protect(fewRecords);
    expect(writer.recordsLeft).toBe(3);
  });

  it('are never exceeded: what does not fit is not written at all', () => {
    const writer = protectedWriter(fewRecords);
    writer.limit(65);
    writer.write('application_data', new Uint8Array(128));
    expect(writer.recordsLeft).toBe(1);
    expect(() => writer.write('application_data', new Uint8Array(65))).toThrow(
      expect.objectContaining({ reason: 'record-limit-reached', alert: 'internal_error' }),
    );
    writer.write('application_data', new Uint8Array(64));
    expect(writer.recordsLeft).toBe(0);
    expect(contentLengths(writer.take(), tls13)).toEqual([64, 64, 64]);
    for (const [type, data] of [
      ['alert', Uint8Array.of(1, 0)],
      ['application_data', new Uint8Array()],
    ] as const) {
      expect(() => writer.write(type, data)).toThrow(expect.objectContaining({ reason: 'record-limit-reached' }));
    }
  });
});

describe('what is never sent', () => {
  it.each(['handshake', 'alert', 'change_cipher_spec'] as const)('an empty %s', (type) => {
    expect(() => protectedWriter(tls13).write(type, new Uint8Array())).toThrow(
      expect.objectContaining({ reason: 'internal-error' }),
    );
  });

  it('application data in the clear', () => {
    expect(() => new RecordWriter().write('application_data', Uint8Array.of(1))).toThrow(
      expect.objectContaining({ reason: 'internal-error' }),
    );
  });
});

it('sends an empty record for empty application data', () => {
  const writer = protectedWriter(tls13);
  writer.write('application_data', new Uint8Array());
  expect(read(writer.take(), tls13)).toEqual([['application_data']]);
});

describe('trafficProtection', () => {
  it('gives AES-GCM 2^24.5 records and ChaCha20-Poly1305 more (RFC 8446 section 5.5)', () => {
    expect([tls13.limit, tls12.limit, chacha12.limit]).toEqual([23_726_566, 23_726_566, 2 ** 36]);
  });

  it('does not show its IV when it is inspected', () => {
    const iv = new Uint8Array(12).fill(0xab);
    const protection = trafficProtection(nativeCrypto, 'tls13', 'aes-128-gcm', new Uint8Array(16), iv);
    expect(protection.iv).toEqual(iv);
    expect(inspect(protection, { showHidden: true, depth: 9 })).not.toMatch(/171|ab ab|abab/);
  });

  it('makes the nonce explicit for AES-GCM in TLS 1.2 alone', () => {
    expect([tls13.nonce, tls12.nonce, chacha12.nonce]).toEqual(['xor', 'explicit', 'xor']);
  });

  it.each([
    ['tls12', 'aes-128-gcm', 12],
    ['tls12', 'chacha20-poly1305', 4],
    ['tls13', 'aes-128-gcm', 4],
  ] as const)('refuses for %s %s an IV of %d bytes', (version, aead, length) => {
    const key = new Uint8Array(aead === 'aes-128-gcm' ? 16 : 32);
    expect(() => trafficProtection(nativeCrypto, version, aead, key, new Uint8Array(length))).toThrow(
      expect.objectContaining({ reason: 'internal-error' }),
    );
  });
});

function protectedWriter(protection: TrafficProtection | undefined, options?: RecordWriterOptions): RecordWriter {
  const writer = new RecordWriter(options);
  if (protection !== undefined) writer.protect(protection);
  return writer;
}

/** Type and content of each record. @param protection from the first record on, or TLS 1.3 after so many records. */
function read(wire: Uint8Array, protection?: TrafficProtection | number): (ContentTypeName | number)[][] {
  return records(wire, protection).map(({ type, fragment }) => [type, ...fragment]);
}

function contentLengths(wire: Uint8Array, protection: TrafficProtection | undefined): number[] {
  return records(wire, protection).map(({ fragment }) => fragment.length);
}

function records(wire: Uint8Array, protection: TrafficProtection | number | undefined): TlsRecord[] {
  const reader = new RecordReader();
  reader.push(wire);
  if (typeof protection === 'object') reader.protect(protection);
  const result: TlsRecord[] = [];
  for (let record = reader.next(); record !== undefined; record = reader.next()) {
    result.push(record);
    if (result.length === protection) reader.protect(tls13);
  }
  return result;
}
