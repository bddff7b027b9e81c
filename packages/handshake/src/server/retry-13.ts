import type { CipherSuiteParameters } from '@handfast/key-exchange';
import {
  type ClientHello,
  ExtensionType,
  encodeHandshake,
  findExtension,
  type HelloRetryRequest,
  type KeyShareEntry,
  NamedGroup,
  nameOf,
  ProtocolVersion,
  TlsError,
} from '@handfast/wire';
import { type Handshake, receive, send } from '../common/handshake.ts';
import { offeredShares } from '../common/negotiation.ts';
import type { ServerConfiguration } from '../configuration.ts';
import { currentDate, type Steps } from '../engine/effects.ts';
import { offersEarlyData, skipEarlyData } from './early-data-13.ts';
import { openRetryCookie, sealRetryCookie } from './retry-cookie.ts';

/** HelloRetryRequest and the second ClientHello, as a server sees them (RFC 8446 sections 4.1.2 and 4.1.4). */

/** What a HelloRetryRequest decides. */
export interface Retry {
  readonly suite: CipherSuiteParameters;
  readonly group: number;
}

/** Asks for another ClientHello, which must be as the first but for what the retry asks for. */
export function* requestRetry(
  handshake: Handshake<ServerConfiguration>,
  firstHello: ClientHello,
  retry: Retry,
): Steps<ClientHello> {
  const { configuration, transcript } = handshake;
  transcript.restartAfterRetry(retry.suite.hash);
  yield { kind: 'negotiated', facts: { helloRetried: true } };
  const cookie = yield* makeCookie(handshake, retry);
  yield* send(handshake, retryRequest(firstHello, retry, cookie));
  if (firstHello.legacySessionId.length > 0) yield { kind: 'send-change-cipher-spec' };
  if (offersEarlyData(firstHello)) yield skipEarlyData(configuration);
  const hello = yield* receive(handshake, 'tls13', 'ClientHello');
  checkCookie(handshake, cookie, hello);
  checkUnchanged(handshake, firstHello, hello, cookie);
  return hello;
}

/**
 * Goes on from a HelloRetryRequest that this connection knows nothing of: its cookie tells all (section 4.2.2).
 * @param hello the first message that we get, and the second one that the client sent.
 * @returns undefined where the hello has no cookie, or we make none.
 */
export function* takeUpRetry(
  { configuration, crypto, transcript }: Handshake<ServerConfiguration>,
  hello: ClientHello,
  suites: readonly CipherSuiteParameters[],
): Steps<Retry | undefined> {
  const cookie = findExtension(hello.extensions, 'cookie');
  if (configuration.retryCookieKey === undefined || cookie === undefined) return undefined;
  const state = openRetryCookie(crypto, configuration.retryCookieKey, cookie, yield* currentDate());
  const suite = suites.find(({ code }) => code === state?.suite);
  // Its client has the HelloRetryRequest in its transcript, so that without it nothing can come of this handshake.
  if (state === undefined || suite === undefined || !configuration.groups.includes(state.group)) {
    throw illegal('the cookie is none of ours, or too old');
  }
  const retry = { suite, group: state.group };
  transcript.continueRetry(suite.hash, state.firstHelloHash, encodeHandshake(retryRequest(hello, retry, cookie)));
  yield { kind: 'negotiated', facts: { helloRetried: true } };
  return retry;
}

/** The one key share of the second ClientHello. */
export function shareAfterRetry(hello: ClientHello, { group }: Retry): KeyShareEntry {
  if (offersEarlyData(hello)) throw illegal('the second ClientHello must not come with early data');
  const [clientShare, ...others] = offeredShares(hello);
  if (clientShare?.group !== group || others.length > 0) {
    throw illegal(`the second ClientHello must have one key share, for ${nameOf(NamedGroup, group)}`);
  }
  return clientShare;
}

function* makeCookie(
  { configuration, crypto, transcript }: Handshake<ServerConfiguration>,
  { suite, group }: Retry,
): Steps<Uint8Array | undefined> {
  if (configuration.retryCookieKey === undefined) return undefined;
  const state = { suite: suite.code, group, firstHelloHash: transcript.firstHelloHash };
  return sealRetryCookie(crypto, configuration.retryCookieKey, state, yield* currentDate());
}

function retryRequest(hello: ClientHello, { suite, group }: Retry, cookie: Uint8Array | undefined): HelloRetryRequest {
  return {
    type: 'HelloRetryRequest',
    legacyVersion: ProtocolVersion.tls12,
    legacySessionIdEcho: hello.legacySessionId,
    cipherSuite: suite.code,
    legacyCompressionMethod: 0,
    extensions: [
      { name: 'key_share', value: group },
      ...(cookie === undefined ? [] : [{ name: 'cookie', value: cookie } as const]),
      { name: 'supported_versions', value: ProtocolVersion.tls13 },
    ],
  };
}

function checkCookie({ crypto }: Handshake, sent: Uint8Array | undefined, { extensions }: ClientHello): void {
  if (sent === undefined) return;
  const cookie = findExtension(extensions, 'cookie');
  if (cookie === undefined) {
    throw new TlsError('missing-extension', 'the second ClientHello lacks our cookie', { step: 'ClientHello' });
  }
  if (!crypto.equal(cookie, sent)) throw illegal('the cookie of the second ClientHello is not the one that we sent');
}

/** The second ClientHello is the first but for what the retry asked for (section 4.1.2). */
function checkUnchanged(
  { crypto }: Handshake,
  first: ClientHello,
  second: ClientHello,
  cookie: Uint8Array | undefined,
): void {
  const changing = new Set([...changedByRetry, ...(cookie === undefined ? [] : ['cookie'])]);
  if (!crypto.equal(fixedPart(first, changing), fixedPart(second, changing))) {
    throw illegal('the second ClientHello differs in what a retry may not change');
  }
}

/** A ClientHello without what a retry may change; clients that shuffle their extensions may do so again. */
function fixedPart(hello: ClientHello, changing: ReadonlySet<string>): Uint8Array {
  const extensions = hello.extensions.filter(({ name }) => !changing.has(name));
  return encodeHandshake({ ...hello, extensions: extensions.sort((a, b) => typeOf(a) - typeOf(b)) });
}

const changedByRetry: readonly string[] = ['key_share', 'early_data', 'pre_shared_key', 'padding'];

function typeOf(extension: ClientHello['extensions'][number]): number {
  return extension.name === 'unknown' ? extension.type : ExtensionType[extension.name];
}

function illegal(detail: string): TlsError {
  return new TlsError('illegal-parameter', detail, { step: 'ClientHello' });
}
