import type { Endpoint } from '@handfast/record-service';
import type { Command } from 'commander';
import { flag, listFlag } from './flag.ts';
import { addTelemetryFlags, addTlsFlags, type TelemetryFlags, type TlsFlags } from './tls.ts';
import { wholeNumber } from './whole-number.ts';

/** What `serve` and `stack` have in common. */
export interface GatewayFlags extends TlsFlags, TelemetryFlags {
  readonly listen: Endpoint;
  readonly cert?: readonly string[];
  readonly key?: readonly string[];
  readonly clientAuth: ClientAuthentication;
  readonly clientCa?: readonly string[];
  readonly earlyData?: number;
}

export type ClientAuthentication = 'none' | 'optional' | 'required';

export function addGatewayFlags(command: Command): Command {
  command
    .addOption(listFlag('--cert <FILE>', 'certificate chain (PEM, end entity first); may be repeated'))
    .addOption(listFlag('--key <FILE>', 'its private key (PEM): the n-th key belongs to the n-th chain'))
    .addOption(
      flag('--client-auth <MODE>', 'whether clients are asked for a certificate')
        .choices(['none', 'optional', 'required'])
        .default('none'),
    )
    .addOption(listFlag('--client-ca <FILE>', 'CAs that client certificates are judged by (PEM); may be repeated'))
    .addOption(
      flag(
        '--early-data <BYTES>',
        'pass so much TLS 1.3 early data to the upstream, which then may see a request twice',
      ).argParser(wholeNumber),
    );
  return addTelemetryFlags(addTlsFlags(command));
}
