import type { Endpoint } from '@handfast/record-service';
import type { Command } from 'commander';
import { endpoint, endpointText } from '../flags/endpoint.ts';
import { flag } from '../flags/flag.ts';

export interface DemoFlags {
  readonly listen: Endpoint;
}

const defaultListen: Endpoint = { host: '127.0.0.1', port: 8443 };

export function addDemo(program: Command): void {
  program
    .command('demo')
    .summary('see handshakes happen: gateway, services and a server in one process')
    .description(
      'Runs the gateway, all services and a small HTTP server in one process, with a certificate made on the spot,\n' +
        'and shows every handshake that arrives.',
    )
    .addOption(
      flag('--listen <HOST:PORT>', 'where to accept connections')
        .argParser(endpoint)
        .default(defaultListen, endpointText(defaultListen)),
    )
    .addHelpText('after', examples)
    .action(async (flags: DemoFlags) => {
      const { demo } = await import('../demo/demo.ts');
      await demo(flags);
    });
}

const examples = `
Examples:
  handfast demo
  handfast demo --listen 127.0.0.1:9443`;
