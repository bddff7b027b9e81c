import { execFile } from 'node:child_process';
import { globSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = resolve(import.meta.dirname, '..');
const names = globSync('packages/*/package.json', { cwd: root })
  .map((path) => `@handfast/${dirname(path).slice('packages/'.length)}`)
  .sort();
const project = mkdtempSync(join(tmpdir(), 'tarballs-'));

const run = (command: string, args: readonly string[], cwd: string) =>
  promisify(execFile)(command, args, { cwd, env: { ...process.env, NX_TUI: 'false' } });

beforeAll(async () => {
  await run('npm', ['run', 'build'], root);
  await run('npm', ['pack', '--pack-destination', project, ...names.map((name) => `--workspace=${name}`)], root);
  writeFileSync(join(project, 'package.json'), JSON.stringify({ private: true, type: 'module' }));
  const tarballs = readdirSync(project).filter((file) => file.endsWith('.tgz'));
  await run('npm', ['install', '--no-save', '--prefer-offline', ...tarballs.map((file) => `./${file}`)], project);
}, 180_000);

afterAll(() => {
  rmSync(project, { recursive: true, force: true });
});

describe('installed from its tarball, outside of the checkout', () => {
  it.for(names)('%s can be imported, and holds neither sources nor tests', async (name) => {
    await run(process.execPath, ['--input-type=module', '--eval', `await import('${name}')`], project);
    const files = readdirSync(join(project, 'node_modules', name), { recursive: true, encoding: 'utf8' });
    expect(
      files.filter((file) => /^src|\.test\.|(?<!\.d)\.ts$/.test(file) && !file.startsWith('node_modules')),
    ).toEqual([]);
  });

  it('@handfast/certificates validates a chain as its README shows', async () => {
    const readme = readFileSync(join(project, 'node_modules/@handfast/certificates/README.md'), 'utf8');
    const [, example = ''] = /```ts\n([\s\S]*?)```/.exec(readme) ?? [];
    const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', example], project);
    expect(stdout).toMatch(/^certificate-key-usage: the key usage of "[^"]+" lacks digitalSignature/);
  });

  it('type-checks for a stranger who has no other types than these', async () => {
    writeFileSync(join(project, 'stranger.ts'), names.map((name) => `import '${name}';\n`).join(''));
    const tsc = join(root, 'node_modules/.bin/tsc');
    const options = [
      '--noEmit',
      '--strict',
      '--module',
      'nodenext',
      '--target',
      'es2023',
      '--skipLibCheck',
      'stranger.ts',
    ];
    await run(tsc, options, project);
  });
});
