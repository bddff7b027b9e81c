import { TlsError } from '@handfast/wire';

/**
 * The address that OTLP over HTTP posts to. A URL without a path is a collector (`http://127.0.0.1:4318`) and gets the
 * path of the OTLP specification; one with a path is used as it stands.
 * @throws TlsError `configuration-invalid`
 */
export function otlpUrl(address: string, signal: 'traces' | 'metrics'): URL {
  const url = URL.parse(address);
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw new TlsError('configuration-invalid', `OTLP needs a URL such as http://127.0.0.1:4318, not '${address}'`);
  }
  if (url.pathname === '/') url.pathname = `/v1/${signal}`;
  return url;
}

/** For logs: the address without the credentials and the query, which may hold secrets. */
export function nameOf({ origin, pathname }: URL): string {
  return origin + pathname;
}
