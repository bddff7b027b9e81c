// Makes of the shim's sources one file that Node starts fast, and of the table of options the list that the launcher reads.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { rolldown } from 'rolldown';
import { options, scopes } from './options.ts';

const folder = import.meta.dirname;
const built = join(folder, 'dist');

const bundle = await rolldown({
  input: join(folder, 'main.ts'),
  platform: 'node',
  resolve: { conditionNames: ['handfast-source', 'import', 'node', 'default'] },
});
await bundle.write({ dir: built, format: 'esm', minify: true, cleanDir: false });
writeFileSync(join(built, 'known-options.sh'), knownOptions());

/** A shell function that ends the shell where an option is not known. */
function knownOptions(): string {
  const names = Object.entries(options);
  const flags = names.filter(([, kind]) => kind === 'flag').map(([name]) => name);
  const valued = names.filter(([, kind]) => kind !== 'flag').map(([name]) => name);
  const unscope = scopes.map((scope) => `      -on-${scope}-*) option=\${option#-on-${scope}} ;;`);
  return `refuse_unknown() {
  while [ $# -gt 0 ]; do
    option=$1
    case $option in
      -on-shim-*) option=\${option#-on-shim} ;;
      -on-handshaker-*) option=\${option#-on-handshaker} ;;
    esac
    case $option in
${unscope.join('\n')}
    esac
    case $option in
      ${flags.join('|')}) shift ;;
      ${valued.join('|')}) shift; [ $# -gt 0 ] && shift ;;
      *) exit 89 ;;
    esac
  done
}
`;
}
