import type { Command } from 'commander';
import { flag, listFlag } from './flag.ts';

export interface TlsFlags {
  readonly alpn?: readonly string[];
  readonly minVersion: Version;
  readonly maxVersion: Version;
  readonly ciphers?: readonly string[];
  readonly groups?: readonly string[];
}

export type Version = '1.2' | '1.3';

/** What to negotiate: the same for a server and a client. */
export function addTlsFlags(command: Command): Command {
  return command
    .addOption(listFlag('--alpn <LIST>', 'ALPN protocols, the preferred one first, such as h2,http/1.1'))
    .addOption(flag('--min-version <VERSION>', 'lowest TLS version').choices(['1.2', '1.3']).default('1.2'))
    .addOption(flag('--max-version <VERSION>', 'highest TLS version').choices(['1.2', '1.3']).default('1.3'))
    .addOption(listFlag('--ciphers <LIST>', 'cipher suites of both versions, by their IANA or OpenSSL names'))
    .addOption(listFlag('--groups <LIST>', 'groups for the key exchange, such as x25519,P-256'));
}

export interface TelemetryFlags {
  readonly otlp?: string;
  readonly traceFile?: string;
}

export function addTelemetryFlags(command: Command): Command {
  return command
    .addOption(flag('--otlp <URL>', 'send traces by OTLP over HTTP, such as to http://127.0.0.1:4318'))
    .addOption(flag('--trace-file <FILE>', 'append traces to a file as OTLP JSON, which Jaeger can open'));
}
