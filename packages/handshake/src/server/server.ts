import { type Handshake, receive } from '../common/handshake.ts';
import { protocolName } from '../common/hellos.ts';
import { chooseVersion } from '../common/negotiation.ts';
import { checkServerName } from '../common/server-names.ts';
import type { ServerConfiguration } from '../configuration.ts';
import type { Machine } from '../engine/effects.ts';
import { serverHandshake12 } from './server-12.ts';
import { serverHandshake13 } from './server-13.ts';

/** The server's side of every handshake, up to the choice of version. */
export function* serverHandshake(handshake: Handshake<ServerConfiguration>): Machine {
  // RFC 8446 section 5: before a second ClientHello, which may be the first that we see.
  const mayContinue = handshake.configuration.retryCookieKey !== undefined;
  if (mayContinue) yield { kind: 'change-cipher-specs', policy: 'dropped' };
  const hello = yield* receive(handshake, 'tls13', 'ClientHello');
  if (mayContinue) yield { kind: 'change-cipher-specs', policy: 'refused' };
  yield { kind: 'begin', clientRandom: hello.random };
  yield { kind: 'offered', hello };
  const version = chooseVersion(handshake.configuration, hello);
  yield { kind: 'negotiated', facts: { protocol: protocolName[version] } };
  checkServerName(handshake.configuration, hello);
  return yield* version === 'tls13' ? serverHandshake13(handshake, hello) : serverHandshake12(handshake, hello);
}
