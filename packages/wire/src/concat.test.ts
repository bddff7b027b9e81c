import { expect, test } from 'vitest';
import { concat } from './concat.ts';

test('the parts stand one after the other, in an array of their own', () => {
  const part = Uint8Array.of(1, 2);
  const whole = concat(part, new Uint8Array(), Uint8Array.of(3));
  part[0] = 9;
  expect([...whole]).toEqual([1, 2, 3]);
  expect(concat()).toHaveLength(0);
});
