import type { CryptoProvider } from '@handfast/crypto';
import { type CipherSuiteParameters, type KeySchedule13, resumptionPsk } from '@handfast/key-exchange';
import { type BlankTicketsAnswer, fillTicket } from '@handfast/sessions';
import { type ClientHello, encodeHandshake, findExtension, Reader } from '@handfast/wire';
import type { Handshake } from '../common/handshake.ts';
import { choosePskMode } from '../common/negotiation.ts';
import { certificateOf, type PeerAuthentication, trustedUntil } from '../common/peer.ts';
import { encodeSessionState, type SessionState } from '../common/session-state.ts';
import type { ServerConfiguration } from '../configuration.ts';
import { currentDate, type EncodedMessage, type Steps } from '../engine/effects.ts';

/** What a handshake has come to, for the tickets that lead back to it. */
interface Concluded {
  readonly hello: ClientHello;
  readonly suite: CipherSuiteParameters;
  readonly applicationProtocol: string | undefined;
  readonly client: PeerAuthentication;
  /** The session that was resumed, if one was. */
  readonly session: SessionState | undefined;
}

/** RFC 8446 section 4.6.1, in milliseconds. */
const longestSession = 604_800_000;

/** Whether this client gets tickets, and can use them. */
function wantsTickets(configuration: ServerConfiguration, hello: ClientHello): boolean {
  const { resumption, ticketCount } = configuration;
  return resumption === 'on' && ticketCount > 0 && choosePskMode(configuration, hello) !== undefined;
}

/** Asks for tickets while the client's last flight is on its way: nobody waits for them. */
export function* prepareTickets({ configuration }: Handshake<ServerConfiguration>, hello: ClientHello): Steps<void> {
  if (!wantsTickets(configuration, hello)) return;
  const { ticketCount: count } = configuration;
  yield {
    kind: 'ask-aside',
    ask: {
      step: 'Finished',
      port: 'session',
      operation: 'blankTickets',
      call: ({ sessions }, context) => sessions.blankTickets({ count }, context),
    },
  };
}

/**
 * Sends the client off with tickets (RFC 8446 section 4.6.1), as soon as they are there.
 * @param handshake whose transcript ends with the client's Finished.
 * @param schedule at its Master Secret.
 */
export function* issueTickets(
  handshake: Handshake<ServerConfiguration>,
  schedule: KeySchedule13,
  concluded: Concluded,
): Steps<void> {
  const { configuration, crypto, transcript } = handshake;
  const { hello, suite, applicationProtocol, client, session } = concluded;
  if (!wantsTickets(configuration, hello)) return;
  const { maxEarlyData } = configuration;
  const resumptionSecret = schedule.resumptionSecret(transcript.hash());
  const peer = certificateOf(client);
  const now = yield* currentDate();
  const expires = session?.expires ?? now + longestSession;
  const state = {
    version: 'tls13',
    cipherSuite: suite.code,
    extendedMasterSecret: false,
    issuedAt: now,
    expires: Math.min(expires, trustedUntil(peer)),
    serverName: findExtension(hello.extensions, 'server_name'),
    applicationProtocol,
    maxEarlyData,
    peer,
  } as const;
  yield { kind: 'send-aside', messages: ticketsFilledWith(crypto, suite, resumptionSecret, state) };
}

/** Made apart from the machine, for it may outlive it. */
function ticketsFilledWith(
  crypto: CryptoProvider,
  { hash }: CipherSuiteParameters,
  resumptionSecret: Uint8Array,
  state: Omit<SessionState, 'secret' | 'ageAdd'>,
): (answer: unknown) => readonly EncodedMessage[] {
  return (answer) => {
    const { tickets } = answer as BlankTicketsAnswer;
    return tickets.flatMap((blank, index) => {
      const lifetime = Math.min(blank.lifetime, Math.floor((state.expires - state.issuedAt) / 1_000));
      if (lifetime < 1) return [];
      const nonce = Uint8Array.of(index >> 8, index);
      const secret = resumptionPsk(crypto, hash, resumptionSecret, nonce);
      const ageAdd = new Reader(crypto.randomBytes(4)).uint32();
      const bytes = encodeHandshake({
        type: 'NewSessionTicket',
        version: 'tls13',
        ticketLifetime: lifetime,
        ticketAgeAdd: ageAdd,
        ticketNonce: nonce,
        ticket: fillTicket(crypto, blank, encodeSessionState({ ...state, secret, ageAdd })),
        extensions: state.maxEarlyData > 0 ? [{ name: 'early_data', value: state.maxEarlyData }] : [],
      });
      return [{ name: 'NewSessionTicket', bytes }];
    });
  };
}
