import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { checkDependencies } from './check-dependencies.ts';

let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'dependencies-'));
});

afterEach(() => {
  rmSync(root, { recursive: true });
});

describe('the dependency check', () => {
  it('accepts imports from a lower layer that are declared', () => {
    workspace('packages/record', {
      dependencies: ['@handfast/wire'],
      files: { 'index.ts': "import '@handfast/wire';" },
    });
    expect(checkDependencies(root)).toEqual([]);
  });

  it('refuses an import from a higher layer', () => {
    workspace('packages/wire', {
      dependencies: ['@handfast/tls'],
      files: { 'index.ts': "export * from '@handfast/tls';" },
    });
    expect(checkDependencies(root)).toEqual([
      'packages/wire/src/index.ts:1: wire may not import @handfast/tls, which is not below it',
    ]);
  });

  it('refuses an import from the same layer, in tests and in type positions too', () => {
    workspace('packages/record', {
      files: {
        'record.test.ts': "\nimport type { Ticket } from '@handfast/sessions';",
        'index.ts': "export type Chain = import('@handfast/certificates').Chain;",
      },
      dependencies: ['@handfast/certificates'],
    });
    expect(checkDependencies(root)).toEqual([
      'packages/record/src/index.ts:1: record may not import @handfast/certificates, which is not below it',
      'packages/record/src/record.test.ts:2: record may not import @handfast/sessions, which is not below it',
    ]);
  });

  it('accepts a subpath that a package offers, and one that it does not publish in tests alone', () => {
    workspace('packages/crypto', { files: { 'index.ts': 'export {};' } });
    writeFileSync(
      join(root, 'packages/crypto/package.json'),
      JSON.stringify({ exports: { './native': { default: './n.js' }, './testing': { 'handfast-source': './t.ts' } } }),
    );
    workspace('packages/record', {
      dependencies: ['@handfast/crypto'],
      files: {
        'index.ts': "import '@handfast/crypto/native';\nimport '@handfast/crypto/testing';",
        'record.test.ts': "import '@handfast/crypto/testing';",
        'port.suite.ts': "import 'vitest';\nimport '@handfast/crypto/testing';",
      },
    });
    expect(checkDependencies(root)).toEqual([
      "packages/record/src/index.ts:2: '@handfast/crypto/testing' bypasses the index of its package",
    ]);
  });

  it("refuses another package's inside, by name and by path", () => {
    workspace('packages/record', {
      dependencies: ['@handfast/wire'],
      files: { 'index.ts': "import '@handfast/wire/src/alerts.ts';\nimport '../../wire/src/alerts.ts';" },
    });
    expect(checkDependencies(root)).toEqual([
      "packages/record/src/index.ts:1: '@handfast/wire/src/alerts.ts' bypasses the index of its package",
      "packages/record/src/index.ts:2: '../../wire/src/alerts.ts' leaves packages/record",
    ]);
  });

  it('refuses a workspace that has no layer', () => {
    workspace('packages/shortcut', { files: { 'index.ts': 'export {};' } });
    expect(checkDependencies(root)).toEqual([
      expect.stringContaining('packages/shortcut: not a package of the design'),
    ]);
  });

  it.each([
    ['Date.now()', 'Date.now'],
    ['new Date()', 'new Date()'],
    ['Math.random()', 'Math.random'],
    ['setTimeout(() => {}, 1)', 'setTimeout'],
    ['process.env', 'process'],
    ['globalThis.process', 'globalThis.process'],
    ['crypto.getRandomValues(new Uint8Array(1))', 'crypto.getRandomValues'],
  ])('refuses %s in a pure package', (expression, name) => {
    workspace('packages/wire', { files: { 'index.ts': `export const value = ${expression};` } });
    expect(checkDependencies(root)).toEqual([
      `packages/wire/src/index.ts:1: packages/wire is pure, it may not use ${name}`,
    ]);
  });

  it('allows names that only look like the globals, and globals in tests', () => {
    workspace('packages/wire', {
      files: {
        'index.ts':
          '// Date.now\nexport const step = { process: 1 };\nexport const one = step.process;\nexport const text = "Math.random";',
        'wire.test.ts': "import { readFileSync } from 'node:fs';\nreadFileSync(process.argv[1] ?? '');",
      },
    });
    expect(checkDependencies(root)).toEqual([]);
  });

  it('allows node:crypto in the native provider only', () => {
    const source = "export { createHash } from 'node:crypto';";
    workspace('packages/crypto', { files: { 'native/hash.ts': source, 'native.ts': source, 'portable.ts': source } });
    expect(checkDependencies(root)).toEqual([
      "packages/crypto/src/portable.ts:1: packages/crypto is pure, it may not import 'node:crypto'",
    ]);
  });

  it('refuses what is imported and not declared, and what is declared and not imported', () => {
    workspace('packages/bus', { dependencies: ['nats'], files: { 'index.ts': "import 'protobufjs/minimal.js';" } });
    expect(checkDependencies(root)).toEqual([
      "packages/bus/package.json: lacks 'protobufjs', which is imported",
      "packages/bus/package.json: declares 'nats', which is not imported",
    ]);
  });

  it('refuses project references that differ from the imports', () => {
    workspace('packages/bus', {
      dependencies: ['@handfast/wire'],
      references: ['crypto'],
      files: { 'index.ts': "import '@handfast/wire';" },
    });
    expect(checkDependencies(root)).toEqual([
      'packages/bus/tsconfig.build.json: lacks a reference to @handfast/wire',
      'packages/bus/tsconfig.build.json: refers to @handfast/crypto, which is not imported',
    ]);
  });
});

interface WorkspaceShape {
  readonly dependencies?: readonly string[];
  /** Names of packages; those of `dependencies` unless told. */
  readonly references?: readonly string[];
  readonly files: Readonly<Record<string, string>>;
}

function workspace(folder: string, { dependencies = [], references, files }: WorkspaceShape): void {
  const internal = dependencies
    .filter((name) => name.startsWith('@handfast/'))
    .map((name) => name.slice('@handfast/'.length));
  write(
    `${folder}/package.json`,
    JSON.stringify({ dependencies: Object.fromEntries(dependencies.map((name) => [name, '1'])) }),
  );
  write(
    `${folder}/tsconfig.build.json`,
    JSON.stringify({
      references: (references ?? internal).map((name) => ({ path: `../../packages/${name}/tsconfig.build.json` })),
    }),
  );
  for (const [path, text] of Object.entries(files)) write(`${folder}/src/${path}`, text);
}

function write(path: string, text: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
}
