import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TlsError } from '../errors.ts';
import { fromHex, toHex } from '../hex.ts';
import {
  encodeClientKeyExchange,
  encodeServerKeyExchange,
  encodeServerParams,
  readClientKeyExchange,
  readServerKeyExchange,
} from './key-exchange.ts';

const code = fc.nat(0xffff);
const bytes = (maxLength: number) => fc.uint8Array({ minLength: 1, maxLength });
const signed = { signatureScheme: code, signature: fc.uint8Array({ maxLength: 300 }) };
const ecdhe = fc.record({ params: fc.record({ namedCurve: code, publicKey: bytes(255) }), ...signed });
const dhe = fc.record({ params: fc.record({ dhP: bytes(600), dhG: bytes(20), dhYs: bytes(600) }), ...signed });

const algorithms = ['ecdhe', 'dhe', 'rsa'] as const;

function refusal(read: () => unknown): TlsError {
  try {
    read();
  } catch (error) {
    if (error instanceof TlsError) return error;
    throw error;
  }
  return expect.fail('it was read');
}

/** Reads every shorter and every longer form, which all have to be refused. */
function expectWhole(encoded: Uint8Array, read: (bytes: Uint8Array) => unknown): void {
  for (let length = 0; length < encoded.length; length += 1) {
    expect(refusal(() => read(encoded.subarray(0, length))).alert).toBe('decode_error');
  }
  expect(refusal(() => read(Uint8Array.of(...encoded, 0))).reason).toBe('trailing-data');
}

describe('the body of a ServerKeyExchange', () => {
  it('with a curve is type, curve, point and signature (RFC 8422 section 5.4)', () => {
    const value = {
      params: { namedCurve: 29, publicKey: fromHex('aabb') },
      signatureScheme: 0x0403,
      signature: fromHex('cc'),
    };
    expect(toHex(encodeServerKeyExchange('ecdhe', value))).toBe('03001d02aabb04030001cc');
    expect(toHex(encodeServerParams('ecdhe', value.params))).toBe('03001d02aabb');
  });

  it('with a prime is p, g, Ys and signature (RFC 5246 section 7.4.3)', () => {
    const value = {
      params: { dhP: fromHex('17'), dhG: fromHex('05'), dhYs: fromHex('0008') },
      signatureScheme: 0x0804,
      signature: fromHex('dd'),
    };
    expect(toHex(encodeServerKeyExchange('dhe', value))).toBe('00011700010500020008' + '08040001dd');
    expect(toHex(encodeServerParams('dhe', value.params))).toBe('00011700010500020008');
  });

  it('is read as it was written, and neither cut off nor with more behind it', () => {
    fc.assert(
      fc.property(ecdhe, dhe, (curve, prime) => {
        expect(readServerKeyExchange('ecdhe', encodeServerKeyExchange('ecdhe', curve))).toEqual(curve);
        expect(readServerKeyExchange('dhe', encodeServerKeyExchange('dhe', prime))).toEqual(prime);
      }),
    );
    fc.assert(
      fc.property(ecdhe, dhe, (curve, prime) => {
        expectWhole(encodeServerKeyExchange('ecdhe', curve), (bytes) => readServerKeyExchange('ecdhe', bytes));
        expectWhole(encodeServerKeyExchange('dhe', prime), (bytes) => readServerKeyExchange('dhe', bytes));
      }),
      { numRuns: 10 },
    );
  });

  it.for([1, 2, 0, 4])('is refused with curve type %i, which is not named_curve', (type) => {
    const body = Uint8Array.of(type, 0, 23, 1, 4, 4, 3, 0, 1, 0);
    expect(refusal(() => readServerKeyExchange('ecdhe', body))).toMatchObject({
      alert: 'illegal_parameter',
      step: 'ServerKeyExchange',
    });
  });

  it.for([
    ['point', 'ecdhe', '03001d00040300' + '00'],
    ['prime', 'dhe', '0000000105000108' + '08040000'],
    ['generator', 'dhe', '0001170000000108' + '08040000'],
    ['share', 'dhe', '0001170001050000' + '08040000'],
  ] as const)('is refused with a %s of no bytes', ([, algorithm, body]) => {
    expect(refusal(() => readServerKeyExchange(algorithm, fromHex(body))).alert).toBe('decode_error');
  });
});

describe('the body of a ClientKeyExchange', () => {
  it.for([
    ['ecdhe', '02aabb'],
    ['dhe', '0002aabb'],
    ['rsa', '0002aabb'],
  ] as const)('with %s is one value and its length', ([algorithm, body]) => {
    expect(toHex(encodeClientKeyExchange(algorithm, fromHex('aabb')))).toBe(body);
    expect(toHex(readClientKeyExchange(algorithm, fromHex(body)))).toBe('aabb');
  });

  it.for(algorithms)('with %s is refused without a byte, cut off, and with more behind it', (algorithm) => {
    expect(
      refusal(() => readClientKeyExchange(algorithm, new Uint8Array(algorithm === 'ecdhe' ? 1 : 2))),
    ).toMatchObject({
      alert: 'decode_error',
      step: 'ClientKeyExchange',
    });
    fc.assert(
      fc.property(bytes(255), (value) => {
        const encoded = encodeClientKeyExchange(algorithm, value);
        expect(readClientKeyExchange(algorithm, encoded)).toEqual(value);
        expectWhole(encoded, (bytes) => readClientKeyExchange(algorithm, bytes));
      }),
      { numRuns: 20 },
    );
  });
});

it('whatever the bytes, they are read or a TlsError', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
      for (const read of [
        () => readServerKeyExchange('ecdhe', bytes),
        () => readServerKeyExchange('dhe', bytes),
        ...algorithms.map((algorithm) => () => readClientKeyExchange(algorithm, bytes)),
      ]) {
        try {
          read();
        } catch (error) {
          expect(error).toBeInstanceOf(TlsError);
        }
      }
    }),
    { numRuns: 2000 },
  );
});
