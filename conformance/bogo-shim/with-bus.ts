// Runs a command, the runner for one, beside a NATS server that the shims of this command find by an environment variable.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { startNatsServer } from '@handfast/bus/testing';
import { accountName, accounts, busVariable } from './bus-account.ts';

const [command, ...given] = process.argv.slice(2);
if (command === undefined) {
  console.error('usage: with-bus.ts COMMAND [ARGUMENT…]');
  process.exit(2);
}

const server = await startNatsServer({ configuration: `accounts {\n${accountLines().join('\n')}\n}` });
const child = spawn(command, given, { stdio: 'inherit', env: { ...process.env, [busVariable]: server.url } });
const [code] = (await once(child, 'exit')) as [number | null];
await server.stop();
process.exit(code ?? 1);

function accountLines(): readonly string[] {
  return Array.from({ length: accounts }, (_, number) => {
    const name = accountName(number);
    return `${name} { jetstream: enabled, users: [{ user: ${name}, password: ${name} }] }`;
  });
}
