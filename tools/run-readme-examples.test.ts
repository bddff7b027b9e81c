import { execFile } from 'node:child_process';
import { existsSync, globSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';

const root = resolve(import.meta.dirname, '..');
const packages = globSync('packages/*/package.json', { cwd: root })
  .map((path) => dirname(path))
  .sort();

describe('the example on the first screen of', () => {
  it.for(packages)('%s/README.md runs', async (folder) => {
    const readme = join(root, folder, 'README.md');
    expect(existsSync(readme), `${folder} has no README.md`).toBe(true);
    const { code, line } = firstExample(readFileSync(readme, 'utf8'));
    expect(code, `${folder}/README.md has no \`\`\`ts block`).not.toBe('');
    expect(line, `the example of ${folder}/README.md starts below the first screen`).toBeLessThanOrEqual(30);
    await run(join(root, folder), code);
  });
});

function firstExample(markdown: string): { readonly code: string; readonly line: number } {
  const match = /^```ts\n(.*?)^```$/ms.exec(markdown);
  return { code: match?.[1] ?? '', line: markdown.slice(0, match?.index ?? 0).split('\n').length };
}

/** Runs TypeScript as a file of the package, so that its imports resolve as those of the package's sources do. */
async function run(folder: string, code: string): Promise<void> {
  const file = join(folder, `.readme-example-${process.pid}.ts`);
  writeFileSync(file, code);
  try {
    await promisify(execFile)(process.execPath, ['--conditions=handfast-source', file], { timeout: 20_000 });
  } finally {
    rmSync(file);
  }
}
