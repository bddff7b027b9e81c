#!/usr/bin/env node
// Installed from its tarball, the command is the compiled `dist` on the caller's Node. In a checkout it is `src`, on the
// Node that the checkout pins: that one strips types, and needs to be told to resolve packages to their sources.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const source = fileURLToPath(new URL('../src/main.ts', import.meta.url));

if (existsSync(source)) {
  const node = fileURLToPath(new URL('../../../node_modules/.bin/node', import.meta.url));
  const child = spawn(node, ['--conditions=handfast-source', source, ...process.argv.slice(2)], { stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('error', (error) => {
    console.error(`handfast: cannot start ${node} (run \`npm ci\` first): ${error.message}`);
    process.exitCode = 2;
  });
  child.on('exit', (code, signal) => {
    if (signal === null) process.exitCode = code;
    else {
      process.removeAllListeners(signal);
      process.kill(process.pid, signal);
    }
  });
} else if (isOlderThan(22, 15)) {
  console.error(`handfast needs Node 22.15 or later; this is ${process.version}`);
  process.exitCode = 2;
} else {
  await import('../dist/main.js');
}

function isOlderThan(major, minor) {
  const [ownMajor, ownMinor] = process.versions.node.split('.').map(Number);
  return ownMajor < major || (ownMajor === major && ownMinor < minor);
}
