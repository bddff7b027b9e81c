import { nativeCrypto } from '@handfast/crypto/native';
import { type ContentTypeName, TlsError } from '@handfast/wire';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { TlsRecord } from './record.ts';
import { RecordReader } from './record-reader.ts';
import { RecordWriter } from './record-writer.ts';
import { trafficKey } from './traffic-key.ts';
import { type TrafficProtection, trafficProtection, trafficProtection12 } from './traffic-protection.ts';

const maximum = 2 ** 14;
const tls13 = trafficProtection(nativeCrypto, 'tls13', 'aes-128-gcm', new Uint8Array(16).fill(1), new Uint8Array(12));
const tls12 = trafficProtection(nativeCrypto, 'tls12', 'aes-128-gcm', new Uint8Array(16).fill(2), new Uint8Array(4));
const clientHello = plaintext(22, new Uint8Array(60).fill(1));
const changeCipherSpec = plaintext(20, Uint8Array.of(1));

describe('framing', () => {
  it('gives the same records whatever chunks the bytes come in', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.constantFrom(21, 22), fc.uint8Array({ minLength: 1, maxLength: 1500 })), { maxLength: 8 }),
        fc.infiniteStream(fc.integer({ min: 1, max: 2500 })),
        (contents, chunkLengths) => {
          const bytes = joined(...contents.map(([code, content]) => plaintext(code, content)));
          const reader = new RecordReader();
          const records: TlsRecord[] = [];
          for (let at = 0; at < bytes.length; ) {
            const chunk = bytes.subarray(at, at + chunkLengths.next().value);
            at += chunk.length;
            reader.push(chunk);
            records.push(...drain(reader));
          }
          expect(records).toEqual(
            contents.map(([code, fragment]) => ({
              type: code === 21 ? 'alert' : 'handshake',
              fragment,
              wireBytes: fragment.length + 5,
            })),
          );
          expect(reader.buffered).toBe(0);
        },
      ),
    );
  });

  it('reads records that were pushed before the earlier ones were asked for, and byte by byte', () => {
    const reader = new RecordReader();
    for (const byte of joined(clientHello, clientHello, clientHello)) reader.push(Uint8Array.of(byte));
    expect([...drain(reader)]).toHaveLength(3);
  });

  it('does not copy an unprotected fragment that came in one chunk', () => {
    const reader = new RecordReader();
    reader.push(clientHello);
    expect(reader.next()?.fragment.buffer).toBe(clientHello.buffer);
  });

  it('tells how much of a record is held when the stream ends in the middle of it', () => {
    const reader = new RecordReader();
    reader.push(joined(clientHello, clientHello.subarray(0, 40)));
    expect([...drain(reader)]).toHaveLength(1);
    expect(reader.buffered).toBe(40);
  });

  it('holds a record to the protection that is there when it is complete', () => {
    const writer = protectedWriter(tls13);
    writer.write('application_data', new Uint8Array(maximum));
    const wire = writer.take();
    const reader = new RecordReader();
    reader.push(changeCipherSpec);
    reader.push(wire.subarray(0, 3));
    expect([...drain(reader)]).toHaveLength(1);
    reader.protect(tls13);
    reader.push(wire.subarray(3));
    expect(reader.next()?.fragment).toHaveLength(maximum);
  });
});

describe('a header', () => {
  it.each([
    ['plaintext', undefined, maximum],
    ['TLS 1.2', tls12, maximum + 24],
    ['TLS 1.3', tls13, maximum + 17],
  ])('of %s is refused for a length over the maximum before any content', (_name, protection, length) => {
    const code = protection === undefined ? 22 : 23;
    expect(failureOf(reading(protection, header(code, 0x0303, length + 1)))).toBe('record-too-long');
    expect(reading(protection, header(code, 0x0303, length))()).toBeUndefined();
  });

  it('has a major version of 3 and any minor one', () => {
    for (const version of [0x0300, 0x0301, 0x0302, 0x0303, 0x0304, 0x03ff]) {
      expect(reading(undefined, joined(header(22, version, 1), Uint8Array.of(1)))()).toBeDefined();
    }
    for (const version of [0x0203, 0x0403, 0xfeff]) {
      expect(failureOf(reading(undefined, header(22, version, 1)))).toBe('wrong-record-version');
    }
  });

  it.each([0, 19, 24, 255])('with content type %d is refused', (code) => {
    expect(failureAfterClientHello(header(code, 0x0303, 1))).toBe('unexpected-record');
    expect(failureOf(reading(tls13, header(code, 0x0303, 30)))).toBe('unexpected-record');
  });

  it('of another protocol is told by its name, and by no more of its content than the method', () => {
    const error = errorOf(reading(undefined, new TextEncoder().encode('GET /secret HTTP/1.1\r\n')));
    expect(error).toMatchObject({ reason: 'plaintext-protocol', alert: 'unexpected_message' });
    expect(error?.message).toContain('HTTP (GET)');
    expect(error?.message).not.toContain('/');
  });

  it('is that of another protocol only at the beginning', () => {
    expect(failureAfterClientHello(new TextEncoder().encode('GET /'))).toBe('unexpected-record');
  });

  it('of nothing known is refused as a record', () => {
    expect(failureOf(reading(undefined, Uint8Array.of(0xff, 0xfe, 0xfd, 0xfc, 0xfb)))).toBe('unexpected-record');
  });
});

describe('without protection', () => {
  it.each([
    ['handshake', 22],
    ['alert', 21],
    ['change_cipher_spec', 20],
  ])('an empty %s is refused', (_name, code) => {
    expect(failureOf(reading(undefined, plaintext(code, new Uint8Array())))).toBe('unexpected-record');
  });

  it.each([new Uint8Array(), Uint8Array.of(1)])('application data is refused', (data) => {
    expect(failureOf(reading(undefined, plaintext(23, data)))).toBe('unexpected-record');
  });

  it.each([[[0]], [[2]], [[1, 1]]])('change_cipher_spec of %j is refused', (content) => {
    expect(failureOf(reading(undefined, plaintext(20, Uint8Array.from(content))))).toBe('unexpected-record');
  });
});

const cbcKeys = { macKey: new Uint8Array(20).fill(3), key: new Uint8Array(16).fill(4), iv: new Uint8Array() };
const cbcSha1 = { kind: 'cbc', cipher: 'aes-128-cbc', mac: 'sha1' } as const;
const cbc = trafficProtection12(nativeCrypto, cbcSha1, cbcKeys, false);
const cbcEncryptThenMac = trafficProtection12(nativeCrypto, cbcSha1, cbcKeys, true);

describe.each([
  ['TLS 1.2', tls12],
  ['TLS 1.2 CBC', cbc],
  ['TLS 1.2 CBC and encrypt-then-MAC', cbcEncryptThenMac],
  ['TLS 1.3', tls13],
])('under %s protection', (_name, protection) => {
  it('a record that was sealed comes out', () => {
    const writer = protectedWriter(protection);
    writer.write('application_data', Uint8Array.of(1, 2, 3));
    const wire = writer.take();
    expect(reading(protection, wire)()).toMatchObject({
      type: 'application_data',
      fragment: Uint8Array.of(1, 2, 3),
      wireBytes: wire.length,
    });
  });

  it('no record with a flipped bit comes out', () => {
    const writer = protectedWriter(protection);
    writer.write('handshake', new Uint8Array(40).fill(5));
    const wire = writer.take();
    for (let bit = 0; bit < wire.length * 8; bit++) {
      const flipped = wire.slice();
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      // A longer length waits for bytes that do not come; more bytes do not help it.
      expect(failureOf(reading(protection, joined(flipped, new Uint8Array(2 ** 15))))).toBeDefined();
    }
  });

  it.each([
    ['repeated', (records: readonly Uint8Array[]) => [records[0], records[0]]],
    ['left out', (records: readonly Uint8Array[]) => [records[0], records[2]]],
    ['out of order', (records: readonly Uint8Array[]) => [records[0], records[2], records[1]]],
  ])('a record that is %s is not authentic', (_what, choose) => {
    const writer = protectedWriter(protection);
    const records = [1, 2, 3].map((byte) => {
      writer.write('application_data', Uint8Array.of(byte));
      return writer.take();
    });
    const next = reading(protection, joined(...choose(records).map((record) => record ?? new Uint8Array())));
    expect(next()?.fragment).toEqual(Uint8Array.of(1));
    expect(errorOf(next)).toMatchObject({ reason: 'record-authentication-failed', alert: 'bad_record_mac' });
    // And so it stays.
    expect(failureOf(next)).toBe('record-authentication-failed');
  });

  it('a record too short for a tag is not authentic', () => {
    for (const length of [0, 1, 15]) {
      expect(failureOf(reading(protection, plaintext(23, new Uint8Array(length))))).toBe(
        'record-authentication-failed',
      );
    }
  });

  it.each(['handshake', 'alert'] as const)('an empty %s is refused', (type) => {
    expect(failureOf(reading(protection, sealed(protection, type, new Uint8Array())))).toBe('unexpected-record');
  });

  it('empty application data is allowed, but not for ever', () => {
    const writer = protectedWriter(protection);
    const nothing = Array.from({ length: 33 }, () => {
      writer.write('application_data', new Uint8Array());
      return writer.take();
    });
    const next = reading(protection, joined(...nothing));
    for (let count = 0; count < 32; count++) expect(next()?.fragment).toHaveLength(0);
    expect(errorOf(next)).toMatchObject({ reason: 'too-many-records', alert: 'unexpected_message' });
  });

  it('alerts in between do not begin the count of empty records anew', () => {
    const writer = protectedWriter(protection);
    for (let count = 0; count < 33; count++) {
      writer.write('application_data', new Uint8Array());
      writer.write('alert', Uint8Array.of(1, 90));
    }
    const next = reading(protection, writer.take());
    for (let count = 0; count < 64; count++) expect(next()).toBeDefined();
    expect(failureOf(next)).toBe('too-many-records');
  });

  it('data in between begins the count of empty records anew', () => {
    const writer = protectedWriter(protection);
    const records = Array.from({ length: 200 }, (_, at) => {
      writer.write('application_data', new Uint8Array(at % 33 === 32 ? 1 : 0));
      return writer.take();
    });
    const reader = new RecordReader();
    reader.protect(protection);
    reader.push(joined(...records));
    expect([...drain(reader)]).toHaveLength(200);
  });

  it('begins its sequence anew under the next key', () => {
    const writer = protectedWriter(protection);
    writer.write('application_data', Uint8Array.of(1));
    const first = writer.take();
    writer.protect(protection);
    writer.write('application_data', Uint8Array.of(1));
    const second = writer.take();
    const reader = new RecordReader();
    reader.push(joined(first, second));
    reader.protect(protection);
    expect(reader.next()).toBeDefined();
    reader.protect(protection);
    expect(reader.next()).toBeDefined();
  });

  it('the most content passes', () => {
    const content = new Uint8Array(maximum).fill(7);
    expect(reading(protection, sealed(protection, 'application_data', content))()?.fragment).toEqual(content);
  });

  it('our record_size_limit is enforced to the byte', () => {
    const typeLength = protection.version === 'tls13' ? 1 : 0;
    for (const [contentLength, reason] of [
      [100 - typeLength, undefined],
      [101 - typeLength, 'record-too-long'],
    ] as const) {
      const reader = new RecordReader();
      reader.protect(protection);
      reader.limit(100);
      reader.push(sealed(protection, 'application_data', new Uint8Array(contentLength)));
      expect(failureOf(() => reader.next())).toBe(reason);
    }
  });
});

it('our record_size_limit does not bind unprotected records (RFC 8449 section 4)', () => {
  const reader = new RecordReader();
  reader.limit(64);
  reader.push(plaintext(22, new Uint8Array(1000)));
  expect(reader.next()?.fragment).toHaveLength(1000);
});

describe('under TLS 1.3 protection', () => {
  it('padding is taken away and the inner type is given', () => {
    const next = reading(tls13, inner(Uint8Array.of(2, 40, 21, 0, 0, 0)));
    expect(next()).toMatchObject({ type: 'alert', fragment: Uint8Array.of(2, 40) });
  });

  it.each([[[]], [[0]], [[0, 0, 0, 0]]])('an inner plaintext of %j, without a type, is refused', (content) => {
    expect(errorOf(reading(tls13, inner(Uint8Array.from(content))))).toMatchObject({
      reason: 'unexpected-record',
      alert: 'unexpected_message',
    });
  });

  it.each([20, 24, 255])('inner content type %d is refused', (code) => {
    expect(failureOf(reading(tls13, inner(Uint8Array.of(1, code))))).toBe('unexpected-record');
  });

  it('padding counts for the limit', () => {
    const padded = new Uint8Array(maximum + 1);
    padded.set([1, 23]);
    expect(reading(tls13, inner(padded))()?.fragment).toEqual(Uint8Array.of(1));
    expect(failureOf(reading(tls13, inner(new Uint8Array(maximum + 2))))).toBe('record-too-long');
  });

  it.each([
    ['handshake', 22],
    ['alert', 21],
  ])('an outer %s is refused', (_name, code) => {
    expect(failureOf(reading(tls13, plaintext(code, new Uint8Array(40))))).toBe('unexpected-record');
  });

  it('change_cipher_spec is in the clear, takes no sequence number, and is given to whoever may judge it', () => {
    const writer = protectedWriter(tls13);
    writer.write('handshake', Uint8Array.of(1));
    const next = reading(tls13, joined(changeCipherSpec, writer.take()));
    expect(next()).toMatchObject({ type: 'change_cipher_spec', fragment: Uint8Array.of(1) });
    expect(next()).toMatchObject({ type: 'handshake', fragment: Uint8Array.of(1) });
  });

  it('a flood of change_cipher_spec ends', () => {
    const next = reading(tls13, joined(...Array.from({ length: 33 }, () => changeCipherSpec)));
    for (let count = 0; count < 32; count++) next();
    expect(failureOf(next)).toBe('too-many-records');
  });

  it('an alert in the clear is read from a peer that has shown no keys, and from no other', () => {
    const alert = plaintext(21, Uint8Array.of(2, 47));
    expect(reading(tls13, alert)()).toMatchObject({ type: 'alert', fragment: Uint8Array.of(2, 47) });
    const reader = new RecordReader();
    reader.protect(tls13);
    reader.push(joined(sealed(tls13, 'handshake', Uint8Array.of(1)), alert));
    expect(reader.next()).toBeDefined();
    reader.protect(tls13);
    expect(failureOf(() => reader.next())).toBe('unexpected-record');
  });
});

describe('early data that a server has refused', () => {
  const earlyKey = trafficProtection(
    nativeCrypto,
    'tls13',
    'aes-128-gcm',
    new Uint8Array(16).fill(9),
    new Uint8Array(12),
  );
  const early = sealedAs(23, earlyKey, new Uint8Array(101));
  const finished = sealed(tls13, 'handshake', Uint8Array.of(20));

  function skipping(
    protection: TrafficProtection | undefined,
    limit: number,
    ...wire: readonly Uint8Array[]
  ): RecordReader {
    const reader = new RecordReader();
    if (protection !== undefined) reader.protect(protection);
    reader.skipEarlyData(limit);
    reader.push(joined(...wire));
    return reader;
  }

  it('is dropped where it does not open, up to the first record that does', () => {
    const reader = skipping(tls13, 1000, early, early, finished, early);
    expect(reader.next()).toMatchObject({ type: 'handshake', fragment: Uint8Array.of(20) });
    expect(errorOf(() => reader.next())).toMatchObject({
      reason: 'record-authentication-failed',
      alert: 'bad_record_mac',
    });
  });

  it('is dropped unread while there is no key, and other records are not', () => {
    const reader = skipping(undefined, 1000, early, changeCipherSpec, early, clientHello);
    expect([...drain(reader)].map(({ type }) => type)).toEqual(['change_cipher_spec', 'handshake']);
  });

  it('is refused again once the second ClientHello begins', () => {
    const reader = skipping(undefined, 1000, clientHello, early);
    expect(reader.next()?.type).toBe('handshake');
    expect(failureOf(() => reader.next())).toBe('unexpected-record');
  });

  it.each([
    ['under a key', tls13],
    ['without a key', undefined],
  ])('is dropped up to its limit and no further, %s', (_name, protection) => {
    const within = skipping(protection, 2 * early.length, early, early);
    expect(within.next()).toBeUndefined();
    expect(within.buffered).toBe(0);
    const beyond = skipping(protection, 2 * early.length - 1, early, early);
    expect(errorOf(() => beyond.next())).toMatchObject({ reason: 'too-much-early-data', alert: 'unexpected_message' });
  });

  it('is never longer than a record of TLS 1.3', () => {
    const longest = skipping(undefined, 100_000, plaintext(23, new Uint8Array(maximum + 256)));
    expect(longest.next()).toBeUndefined();
    const longer = skipping(undefined, 100_000, plaintext(23, new Uint8Array(maximum + 257)));
    expect(failureOf(() => longer.next())).toBe('record-too-long');
  });

  it('is skipped from one chunk to the next', () => {
    const reader = skipping(tls13, 1000);
    for (const byte of joined(early, early)) {
      reader.push(Uint8Array.of(byte));
      expect(reader.next()).toBeUndefined();
    }
    reader.push(finished);
    expect(reader.next()?.type).toBe('handshake');
  });
});

it('under TLS 1.2 protection the version is that of TLS 1.2, under TLS 1.3 protection any minor one', () => {
  const of12 = sealed(tls12, 'application_data', Uint8Array.of(1));
  expect(errorOf(reading(tls12, of12.with(2, 1)))).toMatchObject({
    reason: 'wrong-record-version',
    alert: 'protocol_version',
  });
  // Of TLS 1.3 the header is authenticated as it stands.
  const key = trafficKey(tls13);
  const wire = Uint8Array.of(23, 3, 9, 0, 17 + 1, 1, 23, ...new Uint8Array(16));
  key.seal(wire, 2);
  expect(reading(tls13, wire)()?.fragment).toEqual(Uint8Array.of(1));
});

it('under TLS 1.2 protection every type is protected', () => {
  expect(failureOf(reading(tls12, plaintext(21, Uint8Array.of(2, 40))))).toBe('record-authentication-failed');
  expect(failureOf(reading(tls12, changeCipherSpec))).toBe('record-authentication-failed');
});

it('random bytes give records or a TlsError, and never more memory than they are', () => {
  const beginning = fc.constantFrom<readonly number[]>(
    [],
    [22, 3, 3, 0],
    [23, 3, 3, 0],
    [20, 3, 3, 0, 1],
    [21, 3, 3, 0, 2],
  );
  fc.assert(
    fc.property(
      fc.constantFrom(undefined, tls12, tls13),
      fc.array(fc.tuple(beginning, fc.uint8Array({ maxLength: 400 })), { minLength: 1, maxLength: 8 }),
      (protection, chunks) => {
        const reader = new RecordReader();
        if (protection !== undefined) reader.protect(protection);
        let pushed = 0;
        for (const [prefix, rest] of chunks) {
          reader.push(Uint8Array.from([...prefix, ...rest]));
          pushed += prefix.length + rest.length;
          try {
            for (const record of drain(reader)) expect(record.wireBytes).toBeLessThanOrEqual(pushed);
          } catch (error) {
            expect(error).toBeInstanceOf(TlsError);
          }
          expect(reader.buffered).toBeLessThanOrEqual(pushed);
        }
      },
    ),
    { numRuns: 1000 },
  );
});

function* drain(reader: RecordReader): Generator<TlsRecord> {
  for (let record = reader.next(); record !== undefined; record = reader.next()) yield record;
}

/** The `next` of a reader under that protection that has been given those bytes. */
function reading(protection: TrafficProtection | undefined, bytes: Uint8Array): () => TlsRecord | undefined {
  const reader = new RecordReader();
  if (protection !== undefined) reader.protect(protection);
  reader.push(bytes);
  return () => {
    const record = reader.next();
    // A provider may give its bytes as a Buffer.
    return record && { ...record, fragment: new Uint8Array(record.fragment) };
  };
}

function errorOf(action: () => unknown): TlsError | undefined {
  try {
    action();
    return undefined;
  } catch (error) {
    if (error instanceof TlsError) return error;
    throw error;
  }
}

function failureOf(action: () => unknown): string | undefined {
  return errorOf(action)?.reason;
}

function failureAfterClientHello(bytes: Uint8Array): string | undefined {
  const next = reading(undefined, joined(clientHello, bytes));
  expect(next()).toBeDefined();
  return failureOf(next);
}

function header(code: number, version: number, length: number): Uint8Array {
  return Uint8Array.of(code, version >> 8, version, length >> 8, length);
}

function plaintext(code: number, content: Uint8Array): Uint8Array {
  return joined(header(code, 0x0303, content.length), content);
}

function protectedWriter(protection: TrafficProtection): RecordWriter {
  const writer = new RecordWriter();
  writer.protect(protection);
  return writer;
}

/** The first record under a protection, made without the writer and so free of its rules. */
function sealed(protection: TrafficProtection, type: ContentTypeName, content: Uint8Array): Uint8Array {
  const code = { change_cipher_spec: 20, alert: 21, handshake: 22, application_data: 23 }[type];
  if (protection.version === 'tls13') return inner(joined(content, Uint8Array.of(code)));
  return sealedAs(code, protection, content);
}

/** The first TLS 1.3 record whose TLSInnerPlaintext is this. */
function inner(plaintext: Uint8Array): Uint8Array {
  return sealedAs(23, tls13, plaintext);
}

function sealedAs(code: number, protection: TrafficProtection, content: Uint8Array): Uint8Array {
  const key = trafficKey(protection);
  const wire = new Uint8Array(5 + key.prefixLength + content.length + key.suffixLength(content.length));
  wire.set(header(code, 0x0303, wire.length - 5));
  wire.set(content, 5 + key.prefixLength);
  key.seal(wire, content.length);
  return wire;
}

function joined(...pieces: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(pieces));
}
