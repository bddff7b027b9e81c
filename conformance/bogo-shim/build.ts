// Makes of the shim's sources one file that Node starts fast, and of the table of options the list that the launcher reads.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { rolldown } from 'rolldown';
import { knownOptionsFunction } from './known-options.ts';

const folder = import.meta.dirname;
const built = join(folder, 'dist');

const bundle = await rolldown({
  input: join(folder, 'main.ts'),
  platform: 'node',
  resolve: { conditionNames: ['handfast-source', 'import', 'node', 'default'] },
});
await bundle.write({ dir: built, format: 'esm', minify: true, cleanDir: false });
writeFileSync(join(built, 'known-options.sh'), knownOptionsFunction());
