import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Wycheproof's files (https://github.com/C2SP/wycheproof), as far as every one of them has the same form. */
export interface VectorFile {
  /** Without folder. */
  readonly name: string;
  readonly algorithm: string;
  readonly testGroups: readonly TestGroup[];
}

/** A group or a case has fields that its algorithm defines; the readers below take them out. */
export interface TestGroup extends Fields {
  readonly type: string;
  readonly tests: readonly TestCase[];
}

export interface TestCase extends Fields {
  readonly tcId: number;
  readonly comment?: string;
  readonly flags?: readonly string[];
  readonly result: 'valid' | 'invalid' | 'acceptable';
}

export type Fields = { readonly [name: string]: unknown };

export function listVectorFiles(directory: string): readonly string[] {
  return readdirSync(directory)
    .filter((name) => name.endsWith('_test.json'))
    .sort();
}

export function readVectorFile(directory: string, name: string): VectorFile {
  const file: { algorithm?: string; testGroups: TestGroup[] } = JSON.parse(readFileSync(join(directory, name), 'utf8'));
  return { name, algorithm: file.algorithm ?? 'none named', testGroups: file.testGroups };
}

export function bytes(fields: Fields, name: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text(fields, name), 'hex'));
}

export function text(fields: Fields, name: string): string {
  const value = fields[name];
  if (typeof value !== 'string') throw new TypeError(`no text in field ${name}`);
  return value;
}

export function number(fields: Fields, name: string): number {
  const value = fields[name];
  if (typeof value !== 'number') throw new TypeError(`no number in field ${name}`);
  return value;
}
