import { type LookupAddress, lookup } from 'node:dns';
import { type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import { isPublicAddress } from './public-address.ts';

export interface FetchOptions {
  /** Milliseconds for all of it, redirects included. */
  readonly timeout: number;
  /** Bytes of the body. */
  readonly maximumLength: number;
  /** Whether addresses that are not public may be asked: for CAs in one's own network. */
  readonly privateAddresses: boolean;
  /** Sent with POST; without it, GET. */
  readonly body?: { readonly type: string; readonly content: Uint8Array } | undefined;
}

const mostRedirects = 3;

/** The URL, or where it leads, is one that is not asked; or what came is not what was asked for. */
export class FetchError extends Error {
  override readonly name = 'FetchError';
}

/**
 * The body of what a URL gives. URLs stand in certificates, so that whoever issues one chooses whom we ask: only HTTP and
 * HTTPS, only public addresses, also where a redirect leads or a name resolves to, bounded in time and size.
 *
 * @throws FetchError, or what Node throws for a connection that fails
 */
export async function fetchBytes(url: string, options: FetchOptions): Promise<Uint8Array> {
  const signal = AbortSignal.timeout(options.timeout);
  let place = url;
  for (let redirects = 0; redirects <= mostRedirects; redirects++) {
    const response = await ask(checked(place), options, signal);
    const { statusCode = 0, headers } = response;
    if (statusCode === 200) return await bodyOf(response, options.maximumLength);
    response.destroy();
    if (statusCode < 300 || statusCode > 399 || headers.location === undefined) {
      throw new FetchError(`${place} answers ${statusCode}`);
    }
    place = new URL(headers.location, place).href;
  }
  throw new FetchError(`${url} redirects more than ${mostRedirects} times`);
}

function checked(text: string): URL {
  const url = URL.parse(text);
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    throw new FetchError(`${text} is no URL of HTTP`);
  }
  if (url.username !== '' || url.password !== '') throw new FetchError(`${url.host} would be sent a password`);
  return url;
}

function ask(url: URL, { body, privateAddresses }: FetchOptions, signal: AbortSignal): Promise<IncomingMessage> {
  const host = url.hostname.replace(/^\[|\]$/g, '');
  // An address is not looked up, and so is not seen by `publicLookup`.
  if (!privateAddresses && isIP(host) !== 0 && !isPublicAddress(host)) throw new FetchError(notPublic(host));
  const send = url.protocol === 'https:' ? httpsRequest : httpRequest;
  return new Promise((resolve, reject) => {
    const request: ClientRequest = send(
      url,
      {
        method: body === undefined ? 'GET' : 'POST',
        headers: body === undefined ? {} : { 'content-type': body.type, 'content-length': body.content.length },
        agent: false,
        signal,
        ...(privateAddresses ? {} : { lookup: publicLookup }),
      },
      resolve,
    );
    request.once('error', reject);
    request.end(body?.content);
  });
}

/** Looks a name up, and gives only public addresses to connect to: what was checked is what is asked. */
const publicLookup: LookupFunction = (host, options, callback) => {
  lookup(host, { ...options, all: true }, (error, addresses: LookupAddress[]) => {
    if (error !== null) return callback(error, '');
    const allowed = addresses.filter(({ address }) => isPublicAddress(address));
    const [first] = allowed;
    if (first === undefined) return callback(new FetchError(notPublic(host)), '');
    return options.all ? callback(null, allowed) : callback(null, first.address, first.family);
  });
};

function notPublic(host: string): string {
  return `${host} is not in the public Internet`;
}

async function bodyOf(response: IncomingMessage, maximumLength: number): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of response as AsyncIterable<Uint8Array>) {
    length += part.length;
    if (length > maximumLength) throw new FetchError(`the answer is longer than ${maximumLength} bytes`);
    parts.push(part);
  }
  return Uint8Array.from(Buffer.concat(parts));
}
