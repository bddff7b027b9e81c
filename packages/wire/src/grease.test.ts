import { expect, it } from 'vitest';
import { isGrease } from './grease.ts';

it('isGrease knows the sixteen values of RFC 8701 and no other', () => {
  const found = Array.from({ length: 0x10000 }, (_, code) => code).filter(isGrease);
  expect(found.map((code) => code.toString(16))).toEqual(
    'a0a 1a1a 2a2a 3a3a 4a4a 5a5a 6a6a 7a7a 8a8a 9a9a aaaa baba caca dada eaea fafa'.split(' '),
  );
});
