import type { CipherSuiteParameters } from '@handfast/key-exchange';
import {
  type ClientHello,
  type ClientHelloExtensions,
  type Extension,
  findExtension,
  type HelloRetryRequest,
  NamedGroup,
  nameOf,
  type ServerHello,
  TlsError,
} from '@handfast/wire';
import { type Handshake, receive, sendEncoded } from '../common/handshake.ts';
import type { ClientConfiguration } from '../configuration.ts';
import { currentDate, type Steps } from '../engine/effects.ts';
import { abandonEarlyData } from './early-data.ts';
import { keyShareEntries, type Offer, offerShares } from './offer.ts';
import { encodeClientHello, preSharedKey } from './psk-13.ts';
import { checkSessionIdEcho, versionChosen } from './server-answer.ts';

/** The second ClientHello and the ServerHello that follows it (RFC 8446 sections 4.1.2 and 4.1.4). */
export function* retryHello(
  handshake: Handshake<ClientConfiguration>,
  firstOffer: Offer,
  retry: HelloRetryRequest,
  suite: CipherSuiteParameters,
): Steps<{ readonly offer: Offer; readonly serverHello: ServerHello }> {
  yield { kind: 'negotiated', facts: { helloRetried: true } };
  handshake.transcript.restartAfterRetry(suite.hash);
  const group = findExtension(retry.extensions, 'key_share');
  const cookie = findExtension(retry.extensions, 'cookie');
  checkRetry(handshake.configuration, firstOffer, group, cookie);

  // Middlebox compatibility: once, and here our second flight is the second ClientHello (appendix D.4).
  if (firstOffer.earlyData === undefined) yield { kind: 'send-change-cipher-spec' };
  else yield* abandonEarlyData();
  const { shares, continuation } = group === undefined ? firstOffer : yield* offerShares([group]);
  // PSKs that do not go with the suite any more are taken back (section 4.1.4).
  const psks = firstOffer.psks.filter(({ hash }) => hash === suite.hash);
  const changes: Extension<ClientHelloExtensions>[] = [];
  if (group !== undefined) changes.push({ name: 'key_share', value: keyShareEntries(shares) });
  if (cookie !== undefined) changes.push({ name: 'cookie', value: cookie });
  if (psks.length > 0) changes.push({ name: 'pre_shared_key', value: preSharedKey(psks, yield* currentDate()) });
  const hello = retriedHello(firstOffer.hello, changes);
  const offer: Offer = { ...firstOffer, hello, shares, continuation, psks, earlyData: undefined };
  yield* sendEncoded(handshake, 'ClientHello', encodeClientHello(handshake, hello, psks));

  const serverHello = yield* receive(handshake, 'tls13', 'ServerHello');
  checkSessionIdEcho(hello, serverHello);
  const version = versionChosen(handshake.configuration, hello, serverHello);
  if (version !== 'tls13' || serverHello.cipherSuite !== suite.code) {
    throw new TlsError('illegal-parameter', 'ServerHello takes back what HelloRetryRequest chose', {
      step: 'ServerHello',
    });
  }
  return { offer, serverHello };
}

/** A retry must ask for a group that we support and sent no share for, or hand us a cookie. */
function checkRetry(
  configuration: ClientConfiguration,
  offer: Offer,
  group: number | undefined,
  cookie: Uint8Array | undefined,
): void {
  const step = 'HelloRetryRequest';
  if (group === undefined && cookie === undefined) {
    throw new TlsError('illegal-parameter', 'HelloRetryRequest asks for no change', { step });
  }
  if (group === undefined) return;
  if (!configuration.groups.includes(group) || offer.shares.some((share) => share.group === group)) {
    throw new TlsError(
      'illegal-parameter',
      `HelloRetryRequest asks for ${nameOf(NamedGroup, group)}, which we did not offer or already sent`,
      { step },
    );
  }
}

/** The first hello with these extensions in their places, new ones at the end, and pre_shared_key after all. */
function retriedHello(first: ClientHello, changes: readonly Extension<ClientHelloExtensions>[]): ClientHello {
  const changed = (name: string) => changes.find((change) => change.name === name);
  const kept = first.extensions.filter(({ name }) => name !== 'pre_shared_key' && name !== 'early_data');
  const added = changes.filter(({ name }) => !kept.some((extension) => extension.name === name));
  return { ...first, extensions: [...kept.map((extension) => changed(extension.name) ?? extension), ...added] };
}
