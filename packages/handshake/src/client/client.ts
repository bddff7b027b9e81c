import { type ClientHello, TlsError } from '@handfast/wire';
import { type Handshake, receive, sendEncoded } from '../common/handshake.ts';
import { protocolName, versionCode } from '../common/hellos.ts';
import type { ClientSession } from '../common/session-state.ts';
import { type ClientConfiguration, versionsOf } from '../configuration.ts';
import { askAll, type Machine } from '../engine/effects.ts';
import { clientHandshake12 } from './client-12.ts';
import { clientHandshake13 } from './client-13.ts';
import { openEarlyData, pskForEarlyData } from './early-data.ts';
import { greaseFrom } from './grease.ts';
import {
  checkShares,
  clientHelloExtensions,
  groupsToOffer,
  keyShares,
  type Offer,
  offeredCipherSuites,
} from './offer.ts';
import { encodeClientHello, recallSessions, resumable } from './psk-13.ts';
import { versionChosen } from './server-answer.ts';

/** The client's side of every handshake, up to the server's choice of version. */
export function* clientHandshake(handshake: Handshake<ClientConfiguration>): Machine {
  const { configuration, crypto } = handshake;
  const speaks13 = versionsOf(configuration).includes('tls13');
  const random = crypto.randomBytes(32);
  yield { kind: 'begin', clientRandom: random };

  const groups = groupsToOffer(configuration);
  const [fresh, recalled = []] = yield* askAll(
    keyShares(groups),
    configuration.resumption === 'on' ? recallSessions(configuration) : undefined,
  );
  const { shares, continuation } = checkShares(groups, fresh);
  const found = yield* resumable(handshake, recalled);
  const earlyData = pskForEarlyData(configuration, found.psks);
  const grease = configuration.grease === 'on' ? greaseFrom(crypto) : undefined;
  const hello: ClientHello = {
    type: 'ClientHello',
    legacyVersion: versionCode.tls12,
    random,
    legacySessionId: sessionIdToOffer(handshake, found.session12),
    cipherSuites: offeredCipherSuites(configuration, grease),
    legacyCompressionMethods: [0],
    extensions: clientHelloExtensions(configuration, { shares, resumable: found, earlyData, grease }),
  };
  yield { kind: 'offered', hello };
  const bytes = encodeClientHello(handshake, hello, found.psks);
  yield* sendEncoded(handshake, 'ClientHello', bytes);
  if (speaks13) yield { kind: 'change-cipher-specs', policy: 'dropped' };
  if (earlyData !== undefined) yield* openEarlyData(handshake, earlyData, bytes);

  const answer = yield* receive(handshake, 'tls13', 'HelloRetryRequest', 'ServerHello');
  const version = versionChosen(configuration, hello, answer);
  yield { kind: 'negotiated', facts: { protocol: protocolName[version] } };
  const offer: Offer = { hello, shares, continuation, psks: found.psks, earlyData, session12: found.session12 };
  if (version === 'tls13' || answer.type === 'HelloRetryRequest') {
    return yield* clientHandshake13(handshake, offer, answer);
  }
  // RFC 8446 appendix D.3: the server spoke TLS 1.3 when it gave out the ticket.
  if (earlyData !== undefined) {
    throw new TlsError('no-common-version', 'the server answers early data with TLS 1.2', { step: 'ServerHello' });
  }
  yield { kind: 'change-cipher-specs', policy: 'refused' };
  return yield* clientHandshake12(handshake, offer, answer);
}

/**
 * The session of TLS 1.2 by its ID. Otherwise a random one: it makes middleboxes take a TLS 1.3 handshake for a
 * resumption (RFC 8446 appendix D.4), and by its echo a server says that it took the ticket (RFC 5077 section 3.4).
 */
function sessionIdToOffer(
  { configuration, crypto }: Handshake<ClientConfiguration>,
  session12: ClientSession | undefined,
): Uint8Array {
  if (session12?.handle.kind === 'session-id') return session12.handle.sessionId;
  const isNeeded = session12 !== undefined || versionsOf(configuration).includes('tls13');
  return isNeeded ? crypto.randomBytes(32) : new Uint8Array(0);
}
