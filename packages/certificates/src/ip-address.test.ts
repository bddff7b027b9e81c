import { isIP } from 'node:net';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatIpAddress, parseIpAddress } from './ip-address.ts';

describe('IP addresses', () => {
  it.for<[string, number[]]>([
    ['192.0.2.1', [192, 0, 2, 1]],
    ['::', new Array(16).fill(0)],
    ['::1', [...new Array(15).fill(0), 1]],
    ['2001:DB8::1', [0x20, 0x01, 0x0d, 0xb8, ...new Array(11).fill(0), 1]],
    ['[2001:db8::1]', [0x20, 0x01, 0x0d, 0xb8, ...new Array(11).fill(0), 1]],
    ['::ffff:192.0.2.1', [...new Array(10).fill(0), 255, 255, 192, 0, 2, 1]],
    ['1:2:3:4:5:6:7::', [0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0, 7, 0, 0]],
  ])('reads %s', ([text, octets]) => {
    expect(parseIpAddress(text)).toEqual(Uint8Array.from(octets));
  });

  it.for([
    '',
    'example.org',
    '1.2.3',
    '1.2.3.256',
    '01.2.3.4',
    '1.2.3.4.5',
    '[1.2.3.4]',
    '1::2::3',
    ':::',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '1:2:3:4:5:6:7:8::',
    '12345::',
    'g::',
    '1.2.3.4::',
    'fe80::1%eth0',
  ])('knows that %j is none', (text) => {
    expect(parseIpAddress(text)).toBeUndefined();
  });

  it.for<[string, string]>([
    ['2001:0db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['0:0:0:0:0:0:0:0', '::'],
    ['1:0:0:0:0:0:0:0', '1::'],
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['10:0:0:100:0:0:0:1', '10:0:0:100::1'],
  ])('writes %s as %s', ([text, canonical]) => {
    expect(formatIpAddress(parseIpAddress(text) ?? new Uint8Array())).toBe(canonical);
  });

  it('agrees with Node on what is an address, and reads what it wrote', () => {
    fc.assert(
      fc.property(fc.oneof(fc.ipV4(), fc.ipV6(), fc.stringMatching(/^[0-9a-f:.]{0,20}$/)), (text) => {
        const octets = parseIpAddress(text);
        expect(octets === undefined).toBe(isIP(text) === 0);
        if (octets !== undefined) expect(parseIpAddress(formatIpAddress(octets))).toEqual(octets);
      }),
      { numRuns: 1000 },
    );
  });
});
