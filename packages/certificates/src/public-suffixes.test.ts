import { expect, it } from 'vitest';
import { PublicSuffixes } from './public-suffixes.ts';

const list = `// a comment
// ===BEGIN ICANN DOMAINS===
com
co.uk  and a remark
*.ck
!www.ck
中国
// ===END ICANN DOMAINS===
// ===BEGIN PRIVATE DOMAINS===
s3.example.com
// ===END PRIVATE DOMAINS===
`;

it.for<[string, boolean]>([
  ['com', true],
  ['example.com', false],
  ['co.uk', true],
  ['example.co.uk', false],
  ['anything.ck', true],
  ['www.ck', false],
  ['xn--fiqs8s', true],
  ['a-new-top-level-domain', true],
  ['s3.example.com', false],
])('%s is a public suffix: %s', ([domain, expected]) => {
  expect(new PublicSuffixes(list).has(domain)).toBe(expected);
});
