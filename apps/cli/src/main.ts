import { enableCompileCache } from 'node:module';

// Halves the time that a command takes to start from its second run on.
enableCompileCache();
const { run } = await import('./run.ts');
await run(process.argv.slice(2));
