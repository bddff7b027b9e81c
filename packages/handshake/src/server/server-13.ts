import { finishedVerifyData13, KeySchedule13 } from '@handfast/key-exchange';
import { type ClientHello, findExtension } from '@handfast/wire';
import { receiveFinished } from '../common/finished.ts';
import { type Handshake, send, sendEncoded } from '../common/handshake.ts';
import { chooseApplicationProtocol } from '../common/negotiation.ts';
import { ApplicationTraffic, protection13 } from '../common/traffic-13.ts';
import type { ServerConfiguration } from '../configuration.ts';
import type { Machine } from '../engine/effects.ts';
import { openConnection13 } from '../engine/open-connection.ts';
import { afterServerHandshake13 } from './after-13.ts';
import { agree } from './agreement-13.ts';
import { CertificateRequests } from './certificate-requests-13.ts';
import { authenticateClient } from './client-auth-13.ts';
import { acceptEarlyData, offersEarlyData, receiveEarlyData, skipEarlyData } from './early-data-13.ts';
import { encodeServerHello, factsOf, protectedFlight, recordLimits } from './flight-13.ts';
import { exchangeKeys } from './key-exchange-13.ts';
import { chooseSigner } from './signer-13.ts';
import { issueTickets, prepareTickets } from './tickets-13.ts';

/** The TLS 1.3 handshake as a server (RFC 8446 section 2, appendix A.2). */
export function* serverHandshake13(handshake: Handshake<ServerConfiguration>, firstHello: ClientHello): Machine {
  const { configuration, crypto, transcript } = handshake;
  yield { kind: 'change-cipher-specs', policy: 'dropped' };
  const agreement = yield* agree(handshake, firstHello);
  const { hello, retried, suite, psk } = agreement;
  if (!retried) transcript.hashWith(suite.hash);
  const applicationProtocol = chooseApplicationProtocol(configuration, hello);
  const signer = psk === undefined ? yield* chooseSigner(handshake, hello) : undefined;
  const limits = recordLimits(configuration, hello);
  yield { kind: 'negotiated', facts: factsOf(agreement, signer, applicationProtocol) };

  const early = psk && acceptEarlyData(handshake, psk, applicationProtocol);
  if (offersEarlyData(firstHello)) {
    yield { kind: 'negotiated', facts: { earlyData: early === undefined ? 'rejected' : 'accepted' } };
    // After a retry, that is over.
    if (early === undefined && !retried) yield skipEarlyData(configuration);
  }

  const serverHello = encodeServerHello(handshake, agreement);
  const flight = protectedFlight(configuration, { ...agreement, signer, limits, applicationProtocol, early });
  const { secret, signature } = yield* exchangeKeys(handshake, agreement, serverHello, flight, signer);
  yield* sendEncoded(handshake, 'ServerHello', serverHello.bytes);
  const schedule = psk?.schedule ?? new KeySchedule13(crypto, suite.hash);
  const handshakeSecrets = schedule.enterHandshake(secret, transcript.hash());
  if (hello.legacySessionId.length > 0 && !retried) yield { kind: 'send-change-cipher-spec' };
  yield { kind: 'protect', direction: 'writes', protection: protection13(crypto, suite, handshakeSecrets.server) };
  if (limits !== undefined) yield { kind: 'limit-records', reads: undefined, writes: limits.writes };
  const handshakeReads = protection13(crypto, suite, handshakeSecrets.client);
  yield { kind: 'protect', direction: 'reads', protection: early?.protection ?? handshakeReads };

  for (const { name, bytes } of flight) yield* sendEncoded(handshake, name, bytes);
  if (signature !== undefined) yield* send(handshake, { type: 'CertificateVerify', ...signature });
  yield* send(handshake, {
    type: 'Finished',
    verifyData: finishedVerifyData13(crypto, suite.hash, handshakeSecrets.server, transcript.hash()),
  });
  const applicationSecrets = schedule.enterApplication(transcript.hash());
  const writes = new ApplicationTraffic(crypto, suite, applicationSecrets.server);
  yield { kind: 'protect', direction: 'writes', protection: writes.protection() };
  // The server is done, and does not know yet whether the client is content with it.
  yield { kind: 'completed' };
  yield* prepareTickets(handshake, hello);

  if (early !== undefined) {
    yield* receiveEarlyData(handshake, early);
    yield { kind: 'protect', direction: 'reads', protection: handshakeReads };
  }
  if (limits !== undefined) yield { kind: 'limit-records', reads: limits.reads, writes: undefined };
  const client = psk?.client ?? (yield* authenticateClient(handshake));
  const expected = finishedVerifyData13(crypto, suite.hash, handshakeSecrets.client, transcript.hash());
  yield* receiveFinished(handshake, 'tls13', expected, client);
  const reads = new ApplicationTraffic(crypto, suite, applicationSecrets.client);
  yield { kind: 'protect', direction: 'reads', protection: reads.protection() };
  yield { kind: 'change-cipher-specs', policy: 'refused' };

  yield* issueTickets(handshake, schedule, { hello, suite, applicationProtocol, client, session: psk?.session });
  const mayAsk = findExtension(hello.extensions, 'post_handshake_auth') !== undefined;
  const requests = mayAsk ? new CertificateRequests(handshake) : undefined;
  yield {
    kind: 'open',
    connection: openConnection13({
      crypto,
      suite,
      exporterSecret: applicationSecrets.exporter,
      peer: client,
      serverCertificate: signer?.credential.chain[0],
      writes,
      requestClientCertificate: requests && (() => requests.make()),
    }),
  };
  return afterServerHandshake13(configuration, reads, requests);
}
