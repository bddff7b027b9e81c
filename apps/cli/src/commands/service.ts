import { type Command, InvalidArgumentError } from 'commander';
import { natsUrl } from '../flags/bus.ts';
import { type BusSecretFlag, busSecretFlag } from '../flags/bus-secret.ts';
import { flag, listFlag } from '../flags/flag.ts';
import { type Profile, profileFlag, type RevocationPolicy, revocationFlag } from '../flags/judgement.ts';

/** Seven days (RFC 8446 section 4.6.1). */
const longestTicketLifetime = 604_800;

export interface ServiceFlags extends BusSecretFlag {
  readonly bus: string;
}

export interface KeyExchangeFlags extends ServiceFlags {
  readonly key: readonly string[];
  readonly cert?: readonly string[];
}

export interface CertificateFlags extends ServiceFlags {
  readonly cert?: readonly string[];
  readonly key?: readonly string[];
  readonly clientCa?: readonly string[];
  readonly fetch?: 'public' | 'anywhere';
  readonly revocation?: RevocationPolicy;
  readonly profile: Profile;
  readonly otlpMetrics?: string;
}

export interface SessionFlags extends ServiceFlags {
  readonly ticketSecret?: string;
  readonly ticketLifetime?: number;
}

export function addService(program: Command): void {
  const service = program
    .command('service')
    .summary('run one of the services that a gateway asks over NATS')
    .description('Runs one of the services that a gateway asks over NATS. Start as many of each as you like.')
    .addHelpText('after', examples);

  addServiceCommand(service, 'key-exchange', 'holds the private keys, signs, and agrees on secrets')
    .addOption(listFlag('--key <FILE>', 'private key of a certificate (PEM); may be repeated').makeOptionMandatory())
    .addOption(listFlag('--cert <FILE>', 'chain of the n-th key, to make sure that they belong together'))
    .action(async (flags: KeyExchangeFlags) => {
      const { serveKeyExchange } = await import('../services/services.ts');
      await serveKeyExchange(flags);
    });

  addServiceCommand(service, 'certificate', 'knows the chains to present, and judges those of clients')
    .addOption(listFlag('--cert <FILE>', 'chain to present (PEM, end entity first); may be repeated'))
    .addOption(listFlag('--client-ca <FILE>', 'CAs that client certificates are judged by (PEM); may be repeated'))
    .addOption(
      listFlag('--key <FILE>', 'public or private key of the n-th chain, to make sure that they belong together'),
    )
    .addOption(
      flag(
        '--fetch [WHERE]',
        'ask OCSP responders and fetch CRLs, about clients and for staples to our own chains: at public addresses, or anywhere',
      )
        .choices(['public', 'anywhere'])
        .preset('public'),
    )
    .addOption(revocationFlag('by default prefer'))
    .addOption(profileFlag())
    .addOption(
      flag('--otlp-metrics <URL>', 'push by OTLP over HTTP how long the chains are valid for; Jaeger takes no metrics'),
    )
    .action(async (flags: CertificateFlags) => {
      const { serveCertificates } = await import('../services/services.ts');
      await serveCertificates(flags);
    });

  addServiceCommand(service, 'session', 'makes tickets, resumes sessions, and keeps the registry of live handshakes')
    .addOption(flag('--ticket-secret <FILE>', 'a secret that the instances of this service share, to open all tickets'))
    .addOption(flag('--ticket-lifetime <SECONDS>', 'how long a ticket can be used (default: 7200)').argParser(seconds))
    .action(async (flags: SessionFlags) => {
      const { serveSessions } = await import('../services/services.ts');
      await serveSessions(flags);
    });
}

function seconds(text: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < 1 || value > longestTicketLifetime) {
    throw new InvalidArgumentError(`It must be 1 to ${longestTicketLifetime} seconds.`);
  }
  return value;
}

function addServiceCommand(service: Command, name: string, does: string): Command {
  return service
    .command(name)
    .summary(does)
    .description(`Runs an instance of the ${name} service, which ${does}.`)
    .addOption(
      flag('--bus <URL>', 'NATS server, such as nats://127.0.0.1:4222').argParser(natsUrl).makeOptionMandatory(),
    )
    .addOption(busSecretFlag())
    .addHelpText('after', examples);
}

const examples = `
The files of chains and keys are read again when they change: a renewed certificate needs no restart of any process.

Examples:
  handfast service key-exchange --bus nats://127.0.0.1:4222 --key key.pem
  handfast service certificate --bus nats://127.0.0.1:4222 --cert chain.pem --client-ca clients.pem
  handfast service session --bus nats://127.0.0.1:4222
  handfast serve --bus nats://127.0.0.1:4222 --listen 0.0.0.0:443 --upstream 127.0.0.1:8080`;
