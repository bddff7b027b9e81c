// The dependency rule of the house, as a check: who may import whom, what a pure package may touch, and that each
// package.json and tsconfig.build.json declare exactly what the sources import.
import { existsSync, globSync, readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { join, resolve } from 'node:path';
import { parseSync, Visitor } from 'rolldown/utils';

/** Bottom to top. A package imports from the layers below its own, never from its own or from one above. */
const layers: readonly (readonly string[])[] = [
  ['wire'],
  ['crypto'],
  ['record', 'key-exchange', 'certificates', 'sessions'],
  ['handshake'],
  ['bus', 'telemetry', 'tls'],
  ['record-service', 'key-exchange-service', 'certificate-service', 'session-service'],
  ['cli'],
];

const pure: readonly string[] = ['wire', 'crypto', ...(layers[2] ?? []), 'handshake'];

/** What a pure package is handed instead: a clock, randomness, and an environment to run in. */
const impureGlobals: readonly string[] = [
  'process',
  'performance',
  'fetch',
  'WebSocket',
  'setTimeout',
  'setInterval',
  'setImmediate',
  'queueMicrotask',
  'console',
];
const impureMembers: readonly string[] = [
  'Date.now',
  'Math.random',
  'crypto.subtle',
  'crypto.getRandomValues',
  'crypto.randomUUID',
];

interface SourceFile {
  /** Path from the workspace's root. */
  readonly path: string;
  readonly imports: readonly { readonly specifier: string; readonly line: number }[];
  readonly globals: readonly { readonly name: string; readonly line: number }[];
}

interface Workspace {
  /** Name without the scope: `key-exchange`. */
  readonly name: string;
  /** Folder from the root: `packages/key-exchange`. */
  readonly folder: string;
  readonly declared: readonly string[];
  readonly references: readonly string[];
  readonly sources: readonly SourceFile[];
}

/**
 * Checks every workspace below `root`.
 * @returns one line per violation, `path:line: what is wrong`; empty when there is none
 */
export function checkDependencies(root: string): readonly string[] {
  const folders = globSync('{packages,apps}/*/package.json', { cwd: root }).map((path) =>
    path.replace('/package.json', ''),
  );
  return folders.sort().flatMap((folder) => {
    const workspace = readWorkspace(root, folder);
    return [...checkDirection(root, workspace), ...checkPurity(workspace), ...checkDeclarations(workspace)];
  });
}

function checkDirection(root: string, { name, folder, sources }: Workspace): readonly string[] {
  const layer = layerOf(name);
  if (layer < 0) return [`${folder}: not a package of the design; give it a layer in tools/check-dependencies.ts`];
  return sources.flatMap((source) =>
    source.imports.flatMap(({ specifier, line }) => {
      const { path } = source;
      if (specifier.startsWith('.')) {
        const target = join(path, '..', specifier);
        return target.startsWith(`${folder}/`) ? [] : [`${path}:${line}: '${specifier}' leaves ${folder}`];
      }
      if (!specifier.startsWith('@handfast/')) return [];
      const [imported = '', ...subpath] = specifier.slice('@handfast/'.length).split('/');
      if (subpath.length > 0 && !isOffered(root, imported, subpath.join('/'), isShipped(source))) {
        return [`${path}:${line}: '${specifier}' bypasses the index of its package`];
      }
      if (imported === name) return [`${path}:${line}: '${specifier}' is this package; import the file`];
      const below = layerOf(imported);
      if (below < 0) return [`${path}:${line}: '${specifier}' is no package of the design`];
      return below < layer ? [] : [`${path}:${line}: ${name} may not import ${specifier}, which is not below it`];
    }),
  );
}

/**
 * Whether a package offers that subpath: to everybody, or, where it is not part of what is published, to tests alone.
 */
function isOffered(root: string, name: string, subpath: string, toEverybody: boolean): boolean {
  const { exports = {} } = readJson<{ exports: Record<string, Record<string, string>> }>(
    join(root, 'packages', name, 'package.json'),
  );
  const conditions = exports[`./${subpath}`];
  return conditions !== undefined && ('default' in conditions || !toEverybody);
}

function checkPurity({ name, folder, sources }: Workspace): readonly string[] {
  if (!pure.includes(name)) return [];
  return sources.filter(isShipped).flatMap(({ path, imports, globals }) => {
    const native = path.startsWith('packages/crypto/src/native');
    return [
      ...imports
        .filter(({ specifier }) => isBuiltin(specifier) && !(native && specifier === 'node:crypto'))
        .map(({ specifier, line }) => `${path}:${line}: ${folder} is pure, it may not import '${specifier}'`),
      ...globals.map(({ name: global, line }) => `${path}:${line}: ${folder} is pure, it may not use ${global}`),
    ];
  });
}

function checkDeclarations({ name, folder, declared, references, sources }: Workspace): readonly string[] {
  const imported = new Set(
    sources
      .filter(isShipped)
      .flatMap(({ imports }) => imports.map(({ specifier }) => specifier))
      .filter((specifier) => !specifier.startsWith('.') && !isBuiltin(specifier))
      .map(packageOf),
  );
  imported.delete(`@handfast/${name}`);
  // A workspace without any import is still empty; what it will need may be declared ahead.
  if (imported.size === 0 && sources.filter(isShipped).length <= 1) return [];
  const internal = [...imported].filter((dependency) => dependency.startsWith('@handfast/'));
  return [
    ...difference(imported, declared).map((lacking) => `${folder}/package.json: lacks '${lacking}', which is imported`),
    ...difference(declared, imported).map(
      (unused) => `${folder}/package.json: declares '${unused}', which is not imported`,
    ),
    ...difference(internal, references).map(
      (lacking) => `${folder}/tsconfig.build.json: lacks a reference to ${lacking}`,
    ),
    ...difference(references, internal).map(
      (unused) => `${folder}/tsconfig.build.json: refers to ${unused}, which is not imported`,
    ),
  ];
}

function readWorkspace(root: string, folder: string): Workspace {
  const manifest: { dependencies?: Record<string, string> } = readJson(join(root, folder, 'package.json'));
  const project: { references?: { path: string }[] } = readJson(join(root, folder, 'tsconfig.build.json'));
  // Of what a build generates, the code counts, where it is there, and the types beside it do not.
  const sources = globSync('src/**/*.{ts,js}', { cwd: join(root, folder), exclude: ['src/generated/**/*.ts'] });
  return {
    name: folder.replace(/^(packages|apps)\//, ''),
    folder,
    declared: Object.keys(manifest.dependencies ?? {}),
    references: (project.references ?? []).map(({ path }) => `@handfast/${path.split('/').at(-2)}`),
    sources: sources.sort().map((path) => readSource(root, join(folder, path))),
  };
}

function readSource(root: string, path: string): SourceFile {
  const text = readFileSync(join(root, path), 'utf8');
  const { program, errors } = parseSync(path, text);
  const [error] = errors;
  if (error !== undefined) throw new SyntaxError(`${path}: ${error.message}`);
  const lineOf = ({ start }: { readonly start: number }): number => text.slice(0, start).split('\n').length;

  const imports: { specifier: string; line: number }[] = [];
  const globals: { name: string; line: number }[] = [];
  const names = new Set<unknown>();
  const importFrom = (node: { readonly start: number; readonly source: object | null }): void => {
    if (node.source !== null && 'value' in node.source && typeof node.source.value === 'string') {
      imports.push({ specifier: node.source.value, line: lineOf(node) });
    }
  };
  new Visitor({
    ImportDeclaration: importFrom,
    ExportAllDeclaration: importFrom,
    ExportNamedDeclaration: importFrom,
    ImportExpression: importFrom,
    TSImportType: importFrom,
    // `x.process`, `{ process: … }` and `interface { process: … }` name a property, not the global.
    Property: (node) => void (node.computed || node.shorthand || names.add(node.key)),
    PropertyDefinition: (node) => void (node.computed || names.add(node.key)),
    MethodDefinition: (node) => void (node.computed || names.add(node.key)),
    TSPropertySignature: (node) => void (node.computed || names.add(node.key)),
    TSMethodSignature: (node) => void (node.computed || names.add(node.key)),
    MemberExpression: (node) => {
      if (node.computed) return;
      names.add(node.property);
      if (node.object.type !== 'Identifier' || node.property.type !== 'Identifier') return;
      const member = `${node.object.name}.${node.property.name}`;
      if (impureMembers.includes(member)) globals.push({ name: member, line: lineOf(node) });
      if (node.object.name === 'globalThis' && impureGlobals.includes(node.property.name)) {
        globals.push({ name: member, line: lineOf(node) });
      }
    },
    NewExpression: (node) => {
      if (node.callee.type === 'Identifier' && node.callee.name === 'Date' && node.arguments.length === 0) {
        globals.push({ name: 'new Date()', line: lineOf(node) });
      }
    },
    Identifier: (node) => {
      if (impureGlobals.includes(node.name) && !names.has(node)) globals.push({ name: node.name, line: lineOf(node) });
    },
  }).visit(program);
  return { path, imports, globals };
}

/** Tests, and the suites that several tests share, are not published. */
function isShipped({ path }: SourceFile): boolean {
  return !/\.(test|suite)\.ts$/.test(path);
}

function layerOf(name: string): number {
  return layers.findIndex((layer) => layer.includes(name));
}

/** `@noble/curves/ed25519.js` is of the package `@noble/curves`. */
function packageOf(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

function difference(left: Iterable<string>, right: Iterable<string>): readonly string[] {
  const known = new Set(right);
  return [...left].filter((item) => !known.has(item));
}

function readJson<Shape>(path: string): Partial<Shape> {
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : {};
}

if (import.meta.main) {
  const violations = checkDependencies(resolve(import.meta.dirname, '..'));
  for (const violation of violations) console.error(violation);
  console.log(violations.length === 0 ? 'Dependencies follow the design.' : `${violations.length} violations`);
  process.exitCode = violations.length === 0 ? 0 : 1;
}
