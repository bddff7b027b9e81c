// `npm run stack`: the command `handfast stack`.
import { enableCompileCache } from 'node:module';

enableCompileCache();
const { run } = await import('./run.ts');
await run(['stack', ...process.argv.slice(2)]);
