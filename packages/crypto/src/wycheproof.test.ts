import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { runFile } from '../conformance/run.ts';
import { subjects } from '../conformance/subjects.ts';
import { listVectorFiles, readVectorFile } from '../conformance/vectors.ts';

const root = resolve(import.meta.dirname, '../../..');
const directory = resolve(root, process.env.HANDFAST_VECTORS ?? '../shared/vectors', 'wycheproof');

describe('the vectors of Wycheproof', () => {
  const names = existsSync(directory) ? listVectorFiles(directory) : [];
  if (names.length === 0) it.skip('are absent: HANDFAST_VECTORS names no folder with a folder wycheproof in it');
  for (const subject of subjects) {
    it.for(names)(`%s, on the ${subject.crypto.name} provider`, (name) => {
      const file = readVectorFile(directory, name);
      const { failures, passed, skipped } = runFile(file, subject);
      expect(failures).toEqual([]);
      const total = file.testGroups.reduce((sum, group) => sum + group.tests.length, 0);
      expect([...skipped.values()].reduce((sum, count) => sum + count, passed)).toBe(total);
    });
  }
});

/** The first case of RFC 7748 section 5.2. */
const x25519File = {
  algorithm: 'XDH',
  testGroups: [
    {
      type: 'XdhComp',
      curve: 'curve25519',
      tests: [
        {
          tcId: 1,
          comment: 'right',
          result: 'valid',
          private: 'a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4',
          public: 'e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c',
          shared: 'c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552',
        },
      ],
    },
  ],
};
const [group] = x25519File.testGroups;
const [right] = group?.tests ?? [];

describe('npm run conformance:crypto', () => {
  it('exits with 0 where every case is as expected, and says so for each provider', () => {
    const { status, stdout } = run({ x25519_test: x25519File });
    expect(stdout).toMatch(/x25519_test\.json +native +1 +0 +0 +1 +0 +0/);
    expect(stdout).toMatch(/x25519_test\.json +portable +1 +0 +0 +1 +0 +0/);
    expect(stdout).toContain('2 passed, 0 failed, 0 skipped');
    expect(status).toBe(0);
  });

  it.for([
    ['a valid case with another output', { ...right, shared: '00'.repeat(32) }, 'valid, but wrong'],
    ['a valid case that is refused', { ...right, public: '00'.repeat(32) }, 'valid, but refused'],
    ['an invalid case that is accepted', { ...right, result: 'invalid' }, 'invalid, but accepted'],
    ['an acceptable case with another output', { ...right, result: 'acceptable', shared: '' }, 'acceptable, but wrong'],
    ['a case that lacks a field', { ...right, public: 1 }, 'valid, but TypeError'],
  ] as const)('exits with 1 for %s, and names it', ([, test, failure]) => {
    const { status, stdout } = run({ x25519_test: { ...x25519File, testGroups: [{ ...group, tests: [test] }] } });
    expect(stdout).toContain(`FAILED tcId 1 (right): ${failure}`);
    expect(stdout).toContain('0 passed, 2 failed, 0 skipped');
    expect(status).toBe(1);
  });

  it('lists by name what is not covered', () => {
    const { status, stdout } = run({
      other_test: { algorithm: 'OTHER', testGroups: [{ ...group, type: 'OtherTest' }] },
    });
    expect(stdout).toContain('skipped 1: not covered: OTHER (OtherTest)');
    expect(status).toBe(0);
  });

  it.for([
    ['no directory', []],
    ['a flag that it does not know', ['--fast']],
    ['two directories', ['.', '.']],
    ['a directory that does not exist', ['no-such-directory']],
    ['a directory without vectors', [import.meta.dirname]],
  ] as const)('exits with 2 for %s', ([, args]) => {
    const { status, stderr } = spawn(args);
    expect(stderr).not.toBe('');
    expect(status).toBe(2);
  });
});

function run(files: Readonly<Record<string, unknown>>) {
  const folder = mkdtempSync(join(tmpdir(), 'vectors-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  for (const [name, file] of Object.entries(files)) writeFileSync(join(folder, `${name}.json`), JSON.stringify(file));
  return spawn([folder]);
}

function spawn(args: readonly string[]) {
  const script = resolve(import.meta.dirname, '../conformance/wycheproof.ts');
  return spawnSync(process.execPath, ['--conditions=handfast-source', script, ...args], { encoding: 'utf8' });
}
