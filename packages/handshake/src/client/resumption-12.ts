import { findExtension, type ServerHello } from '@handfast/wire';
import { afterHandshake12 } from '../common/after-12.ts';
import { receiveFinished } from '../common/finished.ts';
import { type Handshake, ofLength, receive, send } from '../common/handshake.ts';
import { masterSecretLength } from '../common/hellos.ts';
import { certificateOf } from '../common/peer.ts';
import { resumedPeer } from '../common/resumed-peer.ts';
import type { ClientSession } from '../common/session-state.ts';
import { type Terms12, verifyData12 } from '../common/terms-12.ts';
import { traffic12 } from '../common/traffic-12.ts';
import type { ClientConfiguration } from '../configuration.ts';
import type { Machine } from '../engine/effects.ts';
import { openConnection12 } from '../engine/open-connection.ts';
import { keepSession12 } from './session-12.ts';

/** The abbreviated handshake as a client (RFC 5246 section 7.3, RFC 5077 section 3.1): the server's Finished comes first. */
export function* resumeAsClient12(
  handshake: Handshake<ClientConfiguration>,
  serverHello: ServerHello,
  terms: Terms12,
  session: ClientSession,
): Machine {
  const { crypto } = handshake;
  const masterSecret = ofLength(session.secret, masterSecretLength, 'a master secret');
  yield { kind: 'negotiated', facts: { resumption: 'resumed' } };
  const keyUse = terms.suite.keyExchange === 'rsa' ? 'decrypt' : 'sign';
  const server = yield* resumedPeer(handshake, session, { step: 'ServerHello', keyUse });
  const peer = certificateOf(server);

  const renewed = ticketFollows(serverHello) ? yield* receive(handshake, 'tls12', 'NewSessionTicket') : undefined;
  const traffic = traffic12(crypto, terms, masterSecret);
  yield { kind: 'receive-change-cipher-spec' };
  yield { kind: 'protect', direction: 'reads', protection: traffic.server };
  const firstFinished = verifyData12(handshake, terms, masterSecret, 'server');
  yield* receiveFinished(handshake, 'tls12', firstFinished, server);

  yield { kind: 'send-change-cipher-spec' };
  yield { kind: 'protect', direction: 'writes', protection: traffic.client };
  yield* send(handshake, { type: 'Finished', verifyData: verifyData12(handshake, terms, masterSecret, 'client') });
  yield { kind: 'completed' };
  yield* keepSession12(handshake, { ...session, peer }, renewed, session.handle);
  const serverCertificate = peer?.chain[0];
  yield {
    kind: 'open',
    connection: openConnection12({ crypto, ...terms, masterSecret, peer: server, serverCertificate, firstFinished }),
  };
  return afterHandshake12('client');
}

/** Whether a NewSessionTicket is due (RFC 5077 section 3.2). */
export function ticketFollows({ extensions }: ServerHello): boolean {
  return findExtension(extensions, 'session_ticket') !== undefined;
}
