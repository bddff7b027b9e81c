import { isIPv6 } from 'node:net';
import type { Endpoint } from '@handfast/record-service';
import { InvalidArgumentError } from 'commander';

/** HOST:PORT, with an IPv6 address in brackets. */
export function endpoint(text: string): Endpoint {
  const parts = hostAndPort(text);
  if (parts?.port === undefined) {
    throw new InvalidArgumentError('It needs HOST:PORT, such as 127.0.0.1:8443, example.org:443 or [::1]:443.');
  }
  return { host: parts.host, port: parts.port };
}

/** HOST[:PORT], where an IPv6 address without a port may do without brackets; port 443 by default. */
export function target(text: string): Endpoint {
  const parts = isIPv6(text) ? { host: text, port: undefined } : hostAndPort(text);
  if (parts === undefined) {
    throw new InvalidArgumentError('It needs HOST or HOST:PORT, such as example.org, example.org:8443 or [::1]:443.');
  }
  return { host: parts.host, port: parts.port ?? 443 };
}

/** As people write it, the other way round. */
export function endpointText({ host, port }: Endpoint): string {
  return isIPv6(host) ? `[${host}]:${port}` : `${host}:${port}`;
}

function hostAndPort(text: string): { readonly host: string; readonly port: number | undefined } | undefined {
  const match = /^(?:\[([^\]]+)\]|([\w.-]+))(?::(\d{1,5}))?$/.exec(text);
  if (match === null) return undefined;
  const [, bracketed, named, digits] = match;
  const host = bracketed ?? named;
  const port = digits === undefined ? undefined : Number(digits);
  if (host === undefined || (bracketed !== undefined && !isIPv6(bracketed))) return undefined;
  if (port !== undefined && port > 65_535) throw new InvalidArgumentError('A port is a number from 0 to 65535.');
  return { host, port };
}
