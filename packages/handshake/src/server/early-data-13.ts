import type { TrafficProtection } from '@handfast/record';
import { type ClientHello, findExtension } from '@handfast/wire';
import { type Handshake, receive } from '../common/handshake.ts';
import { protection13 } from '../common/traffic-13.ts';
import type { ServerConfiguration } from '../configuration.ts';
import type { EarlyConnection, Effect, Steps } from '../engine/effects.ts';
import { earlyConnection } from '../engine/open-connection.ts';
import type { ChosenPsk } from './psk-13.ts';

/** Early data, as a server takes it or not (RFC 8446 sections 4.2.10 and 8). */

export function offersEarlyData({ extensions }: ClientHello): boolean {
  return findExtension(extensions, 'early_data') !== undefined;
}

/** Early data that is accepted. */
export interface AcceptedEarlyData {
  readonly protection: TrafficProtection;
  readonly connection: EarlyConnection;
  /** Bytes. */
  readonly limit: number;
}

/**
 * @param psk at its Early Secret; the transcript ends with the ClientHello.
 * @returns undefined where early data is refused, if there is any.
 */
export function acceptEarlyData(
  { configuration, crypto, transcript }: Handshake<ServerConfiguration>,
  { earlyData, schedule, session, suite }: ChosenPsk,
  applicationProtocol: string | undefined,
): AcceptedEarlyData | undefined {
  if (earlyData === 'refused' || session === undefined) return undefined;
  const { maxEarlyData: limit } = session;
  // What the ticket promised is kept, or the client is told at once.
  if (limit === 0 || limit > configuration.maxEarlyData) return undefined;
  if (session.applicationProtocol !== applicationProtocol) return undefined;
  const { client, exporter } = schedule.earlySecrets(transcript.hash());
  return {
    protection: protection13(crypto, suite, client),
    connection: earlyConnection({ crypto, hash: suite.hash, exporterSecret: exporter, session }),
    limit,
  };
}

/** Early data flows until the client says that it ends. */
export function* receiveEarlyData(
  handshake: Handshake<ServerConfiguration>,
  { connection, limit }: AcceptedEarlyData,
): Steps<void> {
  yield { kind: 'open-early', connection, limit };
  yield* receive(handshake, 'tls13', 'EndOfEarlyData');
}

/** Bytes of records that are dropped whatever we allow ourselves: the ticket may be another server's. */
const leastSkipped = 2 ** 14;

/**
 * Drops what the client sends before it learns that we do not take it: as much as our tickets allow, and what protection
 * adds to that, an eighth for records of 176 bytes.
 */
export function skipEarlyData({ maxEarlyData }: ServerConfiguration): Effect {
  return { kind: 'skip-early-data', limit: leastSkipped + Math.ceil((maxEarlyData * 9) / 8) };
}
