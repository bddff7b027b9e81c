import { nativeCrypto } from '@handfast/crypto/native';
import { NamedGroup } from '@handfast/wire';
import { expect, test } from 'vitest';
import { HeldContinuations } from './held-continuations.ts';

const keys = () => [nativeCrypto.generateEphemeral(NamedGroup.x25519)];

test('a copy of a continuation is as good as the original, once', () => {
  const held = new HeldContinuations();
  const own = keys();
  const copy = held.put(own).slice();
  expect(held.take(copy)).toBe(own);
  expect(() => held.take(copy)).toThrow(expect.objectContaining({ reason: 'service-failed' }));
});

test.each([0, 7, 8, 9])('%i bytes that it never handed out are refused', (length) => {
  const held = new HeldContinuations();
  held.put(keys());
  expect(() => held.take(new Uint8Array(length))).toThrow(expect.objectContaining({ reason: 'service-failed' }));
});

test('what nobody comes back for is given up, the oldest first', () => {
  const held = new HeldContinuations({ capacity: 2 });
  const [first, second, third] = [held.put(keys()), held.put(keys()), held.put(keys())];
  expect(() => held.take(first)).toThrow(expect.objectContaining({ reason: 'service-failed' }));
  expect(held.take(second)).toHaveLength(1);
  expect(held.take(third)).toHaveLength(1);
});
