import type { ClientHello } from '@handfast/wire';
import { clientHandshake12 } from './client-12.ts';
import { clientHandshake13 } from './client-13.ts';
import { clientHelloExtensions, groupsToOffer, type Offer, offerShares } from './client-offer.ts';
import { type ClientConfiguration, versionsOf } from './configuration.ts';
import type { Machine } from './effects.ts';
import { type Handshake, receive, send } from './handshake.ts';
import { protocolName, versionCode } from './hellos.ts';
import { versionChosen } from './server-answer.ts';

/** The client's side of every handshake, up to the server's choice of version. */
export function* clientHandshake(handshake: Handshake<ClientConfiguration>): Machine {
  const { configuration, crypto } = handshake;
  const versions = versionsOf(configuration);
  const random = crypto.randomBytes(32);
  yield { kind: 'begin', clientRandom: random };

  const { shares, continuation } = yield* offerShares(groupsToOffer(configuration));
  const hello: ClientHello = {
    type: 'ClientHello',
    legacyVersion: versionCode.tls12,
    random,
    // A session ID makes middleboxes take the handshake for a TLS 1.2 resumption (RFC 8446 appendix D.4).
    legacySessionId: versions.includes('tls13') ? crypto.randomBytes(32) : new Uint8Array(0),
    cipherSuites: configuration.cipherSuites,
    legacyCompressionMethods: [0],
    extensions: clientHelloExtensions(
      configuration,
      shares.map(({ group, share }) => ({ group, keyExchange: share })),
    ),
  };
  yield { kind: 'offered', hello };
  yield* send(handshake, hello);
  if (versions.includes('tls13')) yield { kind: 'change-cipher-specs', policy: 'dropped' };

  const answer = yield* receive(handshake, 'tls13', 'HelloRetryRequest', 'ServerHello');
  const version = versionChosen(configuration, hello, answer);
  yield { kind: 'negotiated', facts: { protocol: protocolName[version] } };
  const offer: Offer = { hello, shares, continuation };
  if (version === 'tls13' || answer.type === 'HelloRetryRequest') {
    return yield* clientHandshake13(handshake, offer, answer);
  }
  yield { kind: 'change-cipher-specs', policy: 'refused' };
  return yield* clientHandshake12(handshake, offer, answer);
}
