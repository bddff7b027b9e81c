import { type CipherSuiteParameters, finishedVerifyData13, KeySchedule13 } from '@handfast/key-exchange';
import { type ExternalPsk, freshnessWindow, type ResumableSession, type ResumeAnswer } from '@handfast/sessions';
import { type ClientHello, findExtension, type OfferedPsks, TlsError } from '@handfast/wire';
import type { Handshake } from '../common/handshake.ts';
import type { PskHolder } from '../common/peer.ts';
import { resumedPeer } from '../common/resumed-peer.ts';
import { decodeSessionState, type SessionState } from '../common/session-state.ts';
import type { ServerConfiguration } from '../configuration.ts';
import { type Ask, ask, currentDate, type Steps } from '../engine/effects.ts';
import { offersEarlyData } from './early-data-13.ts';
import { isWelcome } from './resumed-client.ts';

/** Pre-shared keys as a server takes them (RFC 8446 section 4.2.11). */

/** The PSK by which a handshake goes. That there is one says that its binder is verified. */
export interface ChosenPsk {
  /** selected_identity. */
  readonly index: number;
  readonly suite: CipherSuiteParameters;
  /** At the Early Secret of this PSK. */
  readonly schedule: KeySchedule13;
  /** The session that is resumed; undefined for an external PSK. */
  readonly session: SessionState | undefined;
  readonly client: PskHolder;
  /** Whether early data is fresh and comes for the first time, as far as the PSK goes. */
  readonly earlyData: 'acceptable' | 'refused';
}

/** A PSK that could be used, if the client has it. */
interface Candidate {
  readonly kind: ExternalPsk['binder'] | 'resumption';
  readonly index: number;
  readonly key: Uint8Array;
  readonly suite: CipherSuiteParameters;
  readonly session: SessionState | undefined;
}

/**
 * The first of the client's PSKs that may be used.
 * @param hello the last message of the transcript.
 * @param suites that both sides have.
 * @param retried whether `hello` is the second one, with which no early data comes.
 * @returns undefined where there is none: the handshake goes on without.
 * @throws TlsError `binder-mismatch` where the client does not prove that it has the key.
 */
export function* choosePsk(
  handshake: Handshake<ServerConfiguration>,
  hello: ClientHello,
  suites: readonly CipherSuiteParameters[],
  retried: boolean,
): Steps<ChosenPsk | undefined> {
  const offered = findExtension(hello.extensions, 'pre_shared_key');
  if (offered === undefined) return undefined;
  const { configuration, crypto } = handshake;
  const isEarly = !retried && offersEarlyData(hello) && configuration.maxEarlyData > 0;
  const answer = yield* ask(resumption(offered, isEarly));
  const date = yield* currentDate();
  const serverName = findExtension(hello.extensions, 'server_name');
  const circumstances = { configuration, serverName, suites, date };
  for (const session of answer.sessions) {
    const candidate = asCandidate(session, circumstances);
    const binder = candidate === undefined ? undefined : offered.binders[candidate.index];
    if (candidate === undefined || binder === undefined) continue;
    const { kind, index, key, suite, session: state } = candidate;
    const schedule = new KeySchedule13(crypto, suite.hash, key);
    checkBinder(handshake, offered, binder, suite, schedule.binderKey(kind));
    const isFresh = index === 0 && state !== undefined && ticketIsFresh(offered, state, date);
    return {
      index,
      suite,
      schedule,
      session: state,
      client: yield* resumedPeer(handshake, state, { step: 'ClientHello' }),
      earlyData: isEarly && isFresh && answer.earlyDataClaimed ? 'acceptable' : 'refused',
    };
  }
  return undefined;
}

function resumption({ identities, binders }: OfferedPsks, isEarly: boolean): Ask<ResumeAnswer> {
  const request = {
    offered: { kind: 'psk', identities: identities.map(({ identity }) => identity) },
    // The first binder is a MAC over the whole hello but the binders.
    earlyDataClaim: isEarly ? binders[0] : undefined,
  } as const;
  return {
    step: 'ClientHello',
    port: 'session',
    operation: 'resume',
    call: ({ sessions }, context) => sessions.resume(request, context),
    otherwise: { sessions: [], earlyDataClaimed: false },
  };
}

interface Circumstances {
  readonly configuration: ServerConfiguration;
  readonly serverName: string | undefined;
  readonly suites: readonly CipherSuiteParameters[];
  readonly date: number;
}

function asCandidate(session: ResumableSession, circumstances: Circumstances): Candidate | undefined {
  const { configuration, suites } = circumstances;
  const { kind, index } = session;
  if (kind === 'external') {
    const { key, hash, binder } = session.psk;
    const suite = suites.find((each) => each.hash === hash);
    // Who has a key from outside TLS is somebody, but has no certificate.
    if (suite === undefined || configuration.clientAuthentication === 'required') return undefined;
    return { kind: binder, index, key, suite, session: undefined };
  }
  const state = configuration.resumption === 'on' ? decodeSessionState(session.state) : undefined;
  if (state === undefined || !mayResume(state, circumstances)) return undefined;
  // The hash is what must be the same; a session keeps its suite, so that early data is protected as before.
  const suite = suites.find(({ code }) => code === state.cipherSuite);
  return suite && { kind, index, key: state.secret, suite, session: state };
}

function mayResume(state: SessionState, { configuration, serverName, date }: Circumstances): boolean {
  return (
    state.version === 'tls13' &&
    date < state.expires &&
    // RFC 8446 section 4.6.1 and 4.2.11: what was agreed on for one name is nothing to another.
    state.serverName === serverName &&
    isWelcome(configuration, state)
  );
}

/** RFC 8446 section 4.2.11: a PSK must not be used before the binder is verified, and without one the handshake ends. */
function checkBinder(
  { crypto, transcript }: Handshake,
  { binders }: OfferedPsks,
  binder: Uint8Array,
  { hash }: CipherSuiteParameters,
  binderKey: Uint8Array,
): void {
  const messages = transcript.bytes();
  // The list of binders ends the hello (section 4.2.11.2).
  const listLength = binders.reduce((length, each) => length + 1 + each.length, 2);
  const truncated = crypto.hash(hash, messages.subarray(0, messages.length - listLength));
  if (!crypto.equal(finishedVerifyData13(crypto, hash, binderKey, truncated), binder)) {
    throw new TlsError('binder-mismatch', 'the client does not prove that it has the pre-shared key', {
      step: 'ClientHello',
    });
  }
}

/** Whether the ticket is as old as the client says, and so its hello of now (RFC 8446 section 8.3). */
function ticketIsFresh({ identities }: OfferedPsks, { ageAdd, issuedAt }: SessionState, date: number): boolean {
  const [first] = identities;
  if (first === undefined) return false;
  const toldAge = (first.obfuscatedTicketAge - ageAdd) >>> 0;
  return Math.abs(toldAge - (date - issuedAt)) <= freshnessWindow;
}
