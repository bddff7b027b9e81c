import { extname, join } from 'node:path';
import type { Endpoint } from '@handfast/record-service';
import type { StackFlags } from '../commands/stack.ts';
import { endpointText } from '../flags/endpoint.ts';

/** Files of certificate chains and their keys, in pairs. */
export interface CredentialFiles {
  readonly cert: readonly string[];
  readonly key: readonly string[];
}

/** The command lines of the services and of the gateway, by their names. They may be started in any order. */
export function handfastCommands(
  flags: StackFlags,
  { cert, key }: CredentialFiles,
  { url, secretFile }: { readonly url: string; readonly secretFile: string },
  upstream: Endpoint,
): Readonly<Record<string, readonly string[]>> {
  const onBus = ['--bus', url, '--bus-secret', secretFile];
  return {
    'key-exchange': handfast('service', 'key-exchange', ...onBus, ...repeated('--key', key)),
    certificate: handfast(
      'service',
      'certificate',
      ...onBus,
      ...repeated('--cert', cert),
      ...repeated('--client-ca', flags.clientCa),
    ),
    session: handfast('service', 'session', ...onBus),
    gateway: handfast(
      'serve',
      ...onBus,
      ...['--listen', endpointText(flags.listen), '--upstream', endpointText(upstream)],
      ...['--client-auth', flags.clientAuth],
      ...optional('--early-data', flags.earlyData?.toString()),
      ...['--min-version', flags.minVersion, '--max-version', flags.maxVersion],
      ...repeated('--alpn', flags.alpn),
      ...repeated('--ciphers', flags.ciphers),
      ...repeated('--groups', flags.groups),
      ...optional('--otlp', flags.otlp),
      ...optional('--trace-file', flags.traceFile),
    ),
  };
}

/** This program, with other arguments: from the sources in a checkout, from `dist` where it is installed. */
function handfast(...args: readonly string[]): readonly string[] {
  const main = join(import.meta.dirname, '..', `main${extname(import.meta.filename)}`);
  return [process.execPath, ...process.execArgv, main, ...args];
}

function repeated(flag: string, values: readonly string[] = []): readonly string[] {
  return values.flatMap((value) => [flag, value]);
}

function optional(flag: string, value: string | undefined): readonly string[] {
  return value === undefined ? [] : [flag, value];
}
