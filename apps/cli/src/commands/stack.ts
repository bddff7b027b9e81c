import type { Endpoint } from '@handfast/record-service';
import type { Command } from 'commander';
import { natsUrl } from '../flags/bus.ts';
import { endpoint, endpointText } from '../flags/endpoint.ts';
import { flag } from '../flags/flag.ts';
import { addGatewayFlags, type GatewayFlags } from '../flags/gateway.ts';

export interface StackFlags extends GatewayFlags {
  /** Unset: a small HTTP server of our own. */
  readonly upstream?: Endpoint;
  /** Unset: a free port of the loopback interface. */
  readonly bus?: string;
}

const defaultListen: Endpoint = { host: '127.0.0.1', port: 8443 };

export function addStack(program: Command): void {
  const command = program
    .command('stack')
    .summary('run gateway and services as processes of their own, over NATS')
    .description('Runs a NATS server, the gateway and the three services, each as a process of its own.')
    .addOption(
      flag('--listen <HOST:PORT>', 'where to accept connections')
        .argParser(endpoint)
        .default(defaultListen, endpointText(defaultListen)),
    )
    .addOption(flag('--upstream <HOST:PORT>', 'the server behind; a small HTTP server by default').argParser(endpoint));
  addGatewayFlags(command)
    .addOption(
      flag('--bus <URL>', 'where the NATS server is to listen; a free port of 127.0.0.1 by default').argParser(natsUrl),
    )
    .addHelpText('after', examples)
    .action(async (flags: StackFlags) => {
      const { stack } = await import('../stack/stack.ts');
      await stack(flags);
    });
}

const examples = `
Without --cert and --key, a certificate is made on the spot.
nats-server is taken from NATS_SERVER_BIN or PATH; in a checkout, infra/nats/ensure.sh gets it where there is none.

Examples:
  handfast stack
  handfast stack --listen 127.0.0.1:9443 --otlp http://127.0.0.1:4318
  handfast stack --upstream 127.0.0.1:389 --cert chain.pem --key key.pem --client-auth optional --client-ca ca.pem`;
