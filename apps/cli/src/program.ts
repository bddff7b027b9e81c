import { Command } from 'commander';
import { addDemo } from './commands/demo.ts';
import { addServe } from './commands/serve.ts';
import { addService } from './commands/service.ts';
import { addStack } from './commands/stack.ts';
import { addTrace } from './commands/trace.ts';
import { addTraceId } from './commands/trace-id.ts';
import { addVerify } from './commands/verify.ts';
import { version } from './version.ts';

/** The command line. What the commands do is loaded when one of them runs: help should not wait for it. */
export function createProgram(): Command {
  const program = new Command('handfast')
    .description('Runs the TLS handshake as cooperating services, and shows every step of it as a trace.')
    .version(version(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .helpCommand('help [COMMAND]', 'print the help of a command')
    .showHelpAfterError('(--help says what is possible)')
    .exitOverride()
    .addHelpText('after', notes);
  addDemo(program);
  addTrace(program);
  addServe(program);
  addService(program);
  addStack(program);
  addVerify(program);
  addTraceId(program);
  return program;
}

const notes = `
Every flag can be given as a variable too: --min-version as HANDFAST_MIN_VERSION, --cert a.pem --cert b.pem as
HANDFAST_CERT=a.pem,b.pem, --json as HANDFAST_JSON=1. Flags win over variables.

Exit codes: 0 success, 1 the handshake failed, 2 wrong usage or configuration.

Examples:
  handfast demo                              see handshakes happen on this machine
  handfast trace example.org                 see why a server can, or cannot, be reached
  handfast serve --help                      put TLS in front of a server`;
