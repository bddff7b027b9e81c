import { type AeadName, aeadKeyLength, cbcKeyLength, macLength } from '@handfast/crypto';
import { nativeCrypto } from '@handfast/crypto/native';
import type { ContentTypeName } from '@handfast/wire';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { RecordReader } from './record-reader.ts';
import { RecordWriter } from './record-writer.ts';
import { type TrafficProtection, trafficProtection, trafficProtection12 } from './traffic-protection.ts';

const underAead = fc
  .tuple(
    fc.constantFrom('tls12' as const, 'tls13' as const),
    fc.constantFrom(...(Object.keys(aeadKeyLength) as AeadName[])),
    fc.uint8Array({ minLength: 44, maxLength: 44 }),
  )
  .map(([version, aead, bytes]) => {
    const ivLength = version === 'tls12' && aead !== 'chacha20-poly1305' ? 4 : 12;
    const key = bytes.subarray(0, aeadKeyLength[aead]);
    return trafficProtection(nativeCrypto, version, aead, key, bytes.subarray(-ivLength));
  });
const underCbc = fc
  .tuple(
    fc.constantFrom('aes-128-cbc' as const, 'aes-256-cbc' as const),
    fc.constantFrom('sha1' as const, 'sha256' as const, 'sha384' as const),
    fc.uint8Array({ minLength: 80, maxLength: 80 }),
    fc.boolean(),
  )
  .map(([cipher, mac, bytes, encryptThenMac]) => {
    const key = bytes.subarray(0, cbcKeyLength[cipher]);
    const macKey = bytes.subarray(-macLength[mac]);
    const keys = { macKey, key, iv: new Uint8Array() };
    return trafficProtection12(nativeCrypto, { kind: 'cbc', cipher, mac }, keys, encryptThenMac);
  });
const protection = fc.oneof(underAead, underCbc);

const length = fc.oneof(fc.nat(100), fc.constantFrom(63, 64, 65, 16383, 16384, 16385, 32768, 40000));
const step = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({ do: fc.constant('write'), type: fc.constantFrom('handshake', 'application_data'), length }),
  },
  fc.record({ do: fc.constant('alert') }),
  fc.record({ do: fc.constant('take') }),
  fc.record({ do: fc.constant('protect'), protection }),
  fc.record({
    do: fc.constant('limit'),
    limit: fc.oneof(fc.integer({ min: 64, max: 600 }), fc.constantFrom(16384, 16385, 65535)),
  }),
);

it('what is written is read, by type, over keys, limits, padding and any chunking', () => {
  fc.assert(
    fc.property(
      protection,
      fc.array(step, { maxLength: 12 }),
      fc.constantFrom(0, 1, 255, 70_000),
      fc.infiniteStream(fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 40_000 }))),
      (first, steps, padding, chunkLengths) => {
        const writer = new RecordWriter({ padding: () => padding });
        const reader = new RecordReader();
        const written: string[] = [];
        const read: string[] = [];
        let fill = 0;

        const deliver = (): void => {
          const flight = writer.take();
          for (let at = 0; at < flight.length; ) {
            const chunk = flight.slice(at, at + chunkLengths.next().value);
            at += chunk.length;
            reader.push(chunk);
            for (let record = reader.next(); record !== undefined; record = reader.next()) {
              append(read, record.type, record.fragment);
            }
          }
          expect(reader.buffered).toBe(0);
        };
        const protect = (next: TrafficProtection): void => {
          deliver();
          writer.protect(next);
          reader.protect(next);
        };

        protect(first);
        for (const one of steps) {
          if ('type' in one) {
            const type = one.type as ContentTypeName;
            if (type === 'handshake' && one.length === 0) continue;
            const data = new Uint8Array(one.length).fill(++fill);
            writer.write(type, data);
            append(written, type, data);
          } else if ('protection' in one) {
            protect(one.protection);
          } else if ('limit' in one) {
            deliver();
            writer.limit(one.limit);
            reader.limit(one.limit);
          } else if (one.do === 'take') {
            deliver();
          } else {
            writer.write('alert', Uint8Array.of(2, 80));
            append(written, 'alert', Uint8Array.of(2, 80));
          }
        }
        deliver();
        expect(read).toEqual(written);
      },
    ),
    { numRuns: 300 },
  );
});

/** Adds content to a list of `type:bytes`, in which content of the same type in a row is one entry. */
function append(list: string[], type: ContentTypeName, content: Uint8Array): void {
  if (content.length === 0) return;
  const hex = Buffer.from(content).toString('hex');
  const last = list.at(-1);
  if (last?.startsWith(`${type}:`)) list[list.length - 1] = last + hex;
  else list.push(`${type}:${hex}`);
}
