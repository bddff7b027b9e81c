import { ask, type Steps } from '../engine/effects.ts';
import type { Handshake } from './handshake.ts';
import {
  chainValidation,
  enforce,
  type PeerCertificate,
  type PskHolder,
  pskHolder,
  type ValidationCircumstances,
} from './peer.ts';
import type { SessionState } from './session-state.ts';

type Circumstances = Pick<ValidationCircumstances, 'keyUse'> & Required<Pick<ValidationCircumstances, 'step'>>;

/**
 * The peer of a session that is resumed. It presents no certificate, but is known by the chain of the full handshake, which
 * is judged again where the configuration wants that. On a server, call it once the binder is verified (TLS 1.3).
 * @param session undefined for an external PSK.
 * @param circumstances with the use of the key in the full handshake.
 * @throws TlsError with the reason of the verdict, where the chain is not trusted any more.
 */
export function* resumedPeer(
  handshake: Handshake,
  session: SessionState | undefined,
  circumstances: Circumstances,
): Steps<PskHolder> {
  const peer = yield* asOfToday(handshake, session?.peer, circumstances);
  if (peer?.verdict.trusted) yield { kind: 'negotiated', facts: { peerSubject: peer.verdict.identity.subject } };
  return pskHolder(peer);
}

/** The peer of a session with the verdict of today, where the configuration wants one; otherwise with that of then. */
export function* asOfToday(
  handshake: Handshake,
  peer: PeerCertificate | undefined,
  circumstances: Circumstances,
): Steps<PeerCertificate | undefined> {
  if (peer === undefined || handshake.configuration.resumedPeer === 'trusted') return peer;
  const { chain, stapled } = peer;
  const verdict = yield* ask(chainValidation(handshake, chain, { ...circumstances, stapled }));
  enforce(handshake, verdict, circumstances.step);
  return { chain, verdict, stapled };
}
