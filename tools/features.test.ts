import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

const root = join(import.meta.dirname, '..');

/** Rows of the tables in docs/features.md: a feature, the title of a test, and a link to its file. */
const rows = readFileSync(join(root, 'docs/features.md'), 'utf8').matchAll(
  /^\| (.+?) +\| `(.+)` +\| \[.+\]\(\.\.\/(.+)\) +\|$/gm,
);

const named = [...rows].map(([, feature = '', title = '', path = '']) => ({ feature, title, path }));

it('docs/features.md names tests', () => expect(named.length).toBeGreaterThan(50));

it('every test that docs/features.md names is there', () => {
  const missing = named.filter(({ title, path }) => {
    const file = join(root, path);
    const source = existsSync(file) ? readFileSync(file, 'utf8') : '';
    return !["'", '"', '`'].some((quote) => source.includes(`${quote}${title}${quote}`));
  });
  expect(missing).toEqual([]);
});
