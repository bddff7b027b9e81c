import type { Endpoint } from '@handfast/record-service';
import type { Command } from 'commander';
import { bus } from '../flags/bus.ts';
import { type BusSecretFlag, busSecretFlag } from '../flags/bus-secret.ts';
import { endpoint } from '../flags/endpoint.ts';
import { flag } from '../flags/flag.ts';
import { addGatewayFlags, type GatewayFlags } from '../flags/gateway.ts';

export interface ServeFlags extends GatewayFlags, BusSecretFlag {
  readonly upstream: Endpoint;
  /** `embedded`, or a URL. */
  readonly bus: string;
}

export function addServe(program: Command): void {
  const command = program
    .command('serve')
    .summary('run the gateway: terminate TLS in front of a server')
    .description(
      'Runs the gateway (the record service): terminates TLS, and passes the plaintext to a server behind it.',
    )
    .addOption(flag('--listen <HOST:PORT>', 'where to accept connections').argParser(endpoint).makeOptionMandatory())
    .addOption(flag('--upstream <HOST:PORT>', 'the server behind').argParser(endpoint).makeOptionMandatory());
  addGatewayFlags(command)
    .addOption(
      flag('--bus <BUS>', 'where the other services are: embedded (in this process), or nats://HOST:PORT')
        .argParser(bus)
        .default('embedded'),
    )
    .addOption(busSecretFlag())
    .addHelpText('after', examples)
    .action(async (flags: ServeFlags) => {
      const { serve } = await import('../gateway/serve.ts');
      await serve(flags);
    });
}

const examples = `
Several chains are told apart by the name that the client asks for, and by what it can verify. The files of chains and keys
are read again when they change: connections that are open go on, new ones get the new certificate.
With --bus nats://… the key exchange service has the keys and --key is not read; the chains are those of the
certificate service unless --cert is given.

Examples:
  handfast serve --listen 0.0.0.0:443 --upstream 127.0.0.1:8080 --cert chain.pem --key key.pem
  handfast serve --listen [::]:636 --upstream 127.0.0.1:389 --cert ec.pem --key ec.key --cert rsa.pem --key rsa.key \\
                 --client-auth optional --client-ca clients.pem --otlp http://127.0.0.1:4318
  handfast serve --listen 0.0.0.0:443 --upstream 127.0.0.1:8080 --bus nats://127.0.0.1:4222`;
