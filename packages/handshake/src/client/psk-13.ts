import { type HashName, hashLength } from '@handfast/crypto';
import { cipherSuite, finishedVerifyData13, KeySchedule13 } from '@handfast/key-exchange';
import type { ExternalPsk, RecalledPsk } from '@handfast/sessions';
import { type ClientHello, encodeHandshake, type OfferedPsks, type PskIdentity, TlsError } from '@handfast/wire';
import type { Handshake } from '../common/handshake.ts';
import { type ClientSession, decodeClientSession } from '../common/session-state.ts';
import { type ClientConfiguration, versionsOf } from '../configuration.ts';
import { type Ask, currentDate, type Steps } from '../engine/effects.ts';

/** Pre-shared keys as a client offers them (RFC 8446 section 4.2.11), and the sessions of TLS 1.2 beside them. */

/** A PSK that the ClientHello offers. */
export type OfferedPsk = ResumptionPsk | ExternalPskOffer;

export interface ResumptionPsk extends SchedulePsk {
  readonly kind: 'resumption';
  readonly session: ClientSession;
  readonly ticket: Uint8Array;
}

interface ExternalPskOffer extends SchedulePsk {
  readonly kind: ExternalPsk['binder'];
  readonly identity: Uint8Array;
}

interface SchedulePsk {
  readonly hash: HashName;
  /** At the Early Secret of this PSK. */
  readonly schedule: KeySchedule13;
}

/** What a client can go on from in place of a full handshake. */
export interface Resumable {
  /** In the order of pre_shared_key. */
  readonly psks: readonly OfferedPsk[];
  readonly session12: ClientSession | undefined;
  /** Today, for the age of tickets; unset where there is none. */
  readonly date: number;
}

/** A ticket goes out once (RFC 8446 appendix C.4), so more than one would be wasted. */
const sessionsOffered = 1;

/** What we have of earlier connections with this server, and the PSKs that we share with it from outside TLS. */
export function recallSessions({ sessionsWith }: ClientConfiguration): Ask<readonly RecalledPsk[]> {
  return {
    step: 'ClientHello',
    port: 'session',
    operation: 'recall',
    call: ({ sessions }, context) => sessions.recall({ server: sessionsWith, count: sessionsOffered }, context),
    otherwise: [],
  };
}

/** Of what was recalled, that which may be offered today. */
export function* resumable(
  handshake: Handshake<ClientConfiguration>,
  recalled: readonly RecalledPsk[],
): Steps<Resumable> {
  if (recalled.length === 0) return { psks: [], session12: undefined, date: 0 };
  const date = yield* currentDate();
  const sessions = recalled.flatMap((each) => {
    const session = each.kind === 'resumption' ? decodeClientSession(each.state) : undefined;
    return session !== undefined && mayResume(handshake.configuration, session, date) ? [session] : [];
  });
  return {
    psks: [
      ...sessions.flatMap((session) => resumptionPsk(handshake, session)),
      ...recalled.flatMap((each) => (each.kind === 'external' ? externalPsk(handshake, each.psk) : [])),
    ],
    session12: sessions.find(({ version }) => version === 'tls12'),
    date,
  };
}

function mayResume(configuration: ClientConfiguration, session: ClientSession, date: number): boolean {
  return (
    date < session.expires &&
    session.serverName === configuration.serverName &&
    versionsOf(configuration).includes(session.version) &&
    // In TLS 1.3 it is the hash that must be the same (RFC 8446 section 4.2.11).
    (session.version === 'tls13' || configuration.cipherSuites.includes(session.cipherSuite))
  );
}

function resumptionPsk(handshake: Handshake<ClientConfiguration>, session: ClientSession): readonly ResumptionPsk[] {
  const hash = cipherSuite(session.cipherSuite)?.hash;
  if (session.version !== 'tls13' || session.handle.kind !== 'ticket') return [];
  if (hash === undefined || !speaks(handshake.configuration, hash)) return [];
  const schedule = new KeySchedule13(handshake.crypto, hash, session.secret);
  return [{ kind: 'resumption', hash, schedule, session, ticket: session.handle.ticket }];
}

function externalPsk(
  { configuration, crypto }: Handshake<ClientConfiguration>,
  { identity, key, hash, binder }: ExternalPsk,
): readonly ExternalPskOffer[] {
  if (!speaks(configuration, hash)) return [];
  return [{ kind: binder, hash, schedule: new KeySchedule13(crypto, hash, key), identity }];
}

/** Whether a suite of TLS 1.3 that we offer has that hash. */
function speaks(configuration: ClientConfiguration, hash: HashName): boolean {
  if (!versionsOf(configuration).includes('tls13')) return false;
  return configuration.cipherSuites.some((code) => {
    const suite = cipherSuite(code);
    return suite?.version === 'tls13' && suite.hash === hash;
  });
}

/** pre_shared_key, with room for the binders, which `encodeClientHello` writes. */
export function preSharedKey(psks: readonly OfferedPsk[], date: number): OfferedPsks {
  return {
    identities: psks.map((psk) => identityOf(psk, date)),
    binders: psks.map(({ hash }) => new Uint8Array(hashLength[hash])),
  };
}

function identityOf(psk: OfferedPsk, date: number): PskIdentity {
  if (psk.kind !== 'resumption') return { identity: psk.identity, obfuscatedTicketAge: 0 };
  const { issuedAt, ageAdd } = psk.session;
  const age = Math.max(0, Math.floor(date - issuedAt));
  return { identity: psk.ticket, obfuscatedTicketAge: (age + ageAdd) % 2 ** 32 };
}

/**
 * The ClientHello as it is sent. A binder ties its PSK to this handshake: it is a MAC over the transcript up to the list
 * of binders itself, which is the end of the message (RFC 8446 section 4.2.11.2).
 */
export function encodeClientHello(
  { crypto, transcript }: Handshake,
  hello: ClientHello,
  psks: readonly OfferedPsk[],
): Uint8Array {
  const bytes = encodeHandshake(hello);
  if (psks.length === 0) return bytes;
  const listLength = psks.reduce((length, { hash }) => length + 1 + hashLength[hash], 0);
  let at = bytes.length - listLength;
  const bound = transcript.bytes(bytes.subarray(0, at - 2));
  for (const { kind, hash, schedule } of psks) {
    const binder = finishedVerifyData13(crypto, hash, schedule.binderKey(kind), crypto.hash(hash, bound));
    bytes.set(binder, at + 1);
    at += 1 + binder.length;
  }
  return bytes;
}

/** The PSK that the server chose to go by, which must be one that we offered and of the suite's hash. */
export function chosenPsk(
  psks: readonly OfferedPsk[],
  selectedIdentity: number | undefined,
  hash: HashName,
): OfferedPsk | undefined {
  if (selectedIdentity === undefined) return undefined;
  const step = 'ServerHello';
  const psk = psks[selectedIdentity];
  if (psk === undefined) {
    throw new TlsError('illegal-parameter', `the server chose PSK ${selectedIdentity} of ${psks.length}`, { step });
  }
  if (psk.hash !== hash) {
    throw new TlsError('illegal-parameter', `the server chose a PSK of ${psk.hash} with a suite of ${hash}`, { step });
  }
  return psk;
}
