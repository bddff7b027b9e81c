import type { Endpoint } from '@handfast/record-service';
import { Argument, type Command } from 'commander';
import { target } from '../flags/endpoint.ts';
import { flag, listFlag } from '../flags/flag.ts';
import { addTelemetryFlags, addTlsFlags, type TelemetryFlags, type TlsFlags } from '../flags/tls.ts';

export interface TraceFlags extends TlsFlags, TelemetryFlags {
  readonly servername?: string;
  readonly ca?: readonly string[];
  readonly insecure?: true;
  readonly resume?: true;
  readonly cert?: readonly string[];
  readonly key?: readonly string[];
  readonly json?: true;
}

export function addTrace(program: Command): void {
  const command = program
    .command('trace')
    .summary('connect to a TLS server and show its handshake')
    .description('Connects to a TLS server and shows the handshake message by message, or the step at which it fails.')
    .addArgument(new Argument('<HOST[:PORT]>', 'the server; port 443 by default').argParser(target))
    .addOption(flag('--servername <NAME>', 'the name to ask for and to verify; HOST by default'))
    .addOption(listFlag('--ca <FILE>', 'CAs to trust (PEM), beside those that Node trusts; may be repeated'))
    .addOption(flag('--insecure', 'go on with a server that is not trusted, and say what is wrong with it'))
    .addOption(flag('--resume', 'connect twice, and resume the session of the first connection in the second'))
    .addOption(listFlag('--cert <FILE>', 'client certificate chain (PEM, end entity first); may be repeated'))
    .addOption(listFlag('--key <FILE>', 'its private key (PEM): the n-th key belongs to the n-th chain'));
  addTelemetryFlags(
    addTlsFlags(command).addOption(flag('--json', 'print a JSON object for each connection, for programs')),
  )
    .addHelpText('after', examples)
    .action(async (server: Endpoint, flags: TraceFlags) => {
      const { trace } = await import('../trace/trace.ts');
      await trace(server, flags);
    });
}

const examples = `
Exit codes: 0 the handshake was completed, 1 it failed, 2 wrong usage.

Examples:
  handfast trace example.org
  handfast trace 127.0.0.1:8443 --insecure
  handfast trace example.org --resume
  handfast trace ldap.example.org:636 --ca ca.pem --cert me.pem --key me.key
  handfast trace example.org --max-version 1.2 --ciphers ECDHE-RSA-AES128-GCM-SHA256 --json`;
