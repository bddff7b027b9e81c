import { cipherSuite } from '@handfast/key-exchange';
import { type EncryptedExtensions, findExtension, TlsError } from '@handfast/wire';
import type { Handshake } from '../common/handshake.ts';
import { asOfToday } from '../common/resumed-peer.ts';
import { protection13 } from '../common/traffic-13.ts';
import type { ClientConfiguration } from '../configuration.ts';
import type { Steps } from '../engine/effects.ts';
import { earlyConnection } from '../engine/open-connection.ts';
import type { OfferedPsk, ResumptionPsk } from './psk-13.ts';

/** Early data as a client sends it (RFC 8446 sections 2.3 and 4.2.10). */

/** The PSK that early data goes with: the first one, if its session allows early data and can be as it was then. */
export function pskForEarlyData(
  configuration: ClientConfiguration,
  [first]: readonly OfferedPsk[],
): ResumptionPsk | undefined {
  if (configuration.earlyData === 'off' || first?.kind !== 'resumption') return undefined;
  const { maxEarlyData, cipherSuite: suite, applicationProtocol } = first.session;
  const sameProtocol =
    applicationProtocol === undefined || configuration.applicationProtocols.includes(applicationProtocol);
  return maxEarlyData > 0 && sameProtocol && configuration.cipherSuites.includes(suite) ? first : undefined;
}

/** Opens the way for early data, right after the first ClientHello, and judges first whom it will go to. */
export function* openEarlyData(
  handshake: Handshake,
  { schedule, session }: ResumptionPsk,
  clientHello: Uint8Array,
): Steps<void> {
  const suite = cipherSuite(session.cipherSuite);
  if (suite === undefined) return;
  const peer = yield* asOfToday(handshake, session.peer, { step: 'ClientHello' });
  const { crypto } = handshake;
  // Middlebox compatibility: here already, where there is early data (appendix D.4).
  yield { kind: 'send-change-cipher-spec' };
  const secrets = schedule.earlySecrets(crypto.hash(suite.hash, clientHello));
  yield { kind: 'protect', direction: 'writes', protection: protection13(crypto, suite, secrets.client) };
  yield {
    kind: 'open-early',
    connection: earlyConnection({
      crypto,
      hash: suite.hash,
      exporterSecret: secrets.exporter,
      session: { ...session, peer },
    }),
    limit: session.maxEarlyData,
  };
}

/** A HelloRetryRequest refuses it: the server has dropped it all, and the second ClientHello is in the clear again. */
export function* abandonEarlyData(): Steps<void> {
  yield { kind: 'early-data', outcome: 'rejected' };
  yield { kind: 'unprotect-writes' };
}

/**
 * Whether the server takes our early data, as EncryptedExtensions says. It can only do that as the session was: with its
 * PSK, cipher suite and application protocol (RFC 8446 section 4.2.10).
 */
export function isEarlyDataAccepted(
  offered: ResumptionPsk,
  { extensions }: EncryptedExtensions,
  chosen: {
    readonly psk: OfferedPsk | undefined;
    readonly cipherSuite: number;
    readonly applicationProtocol: string | undefined;
  },
): boolean {
  const step = 'EncryptedExtensions';
  if (findExtension(extensions, 'early_data') === undefined) return false;
  const { session } = offered;
  if (chosen.psk !== offered) {
    throw new TlsError('misplaced-extension', 'the server takes early data, but not the PSK that it goes with', {
      step,
    });
  }
  if (chosen.cipherSuite !== session.cipherSuite) {
    throw new TlsError('illegal-parameter', 'the server takes early data, but with another cipher suite', { step });
  }
  if (chosen.applicationProtocol !== session.applicationProtocol) {
    throw new TlsError('illegal-parameter', 'the server takes early data, but for another application protocol', {
      step,
    });
  }
  return true;
}
