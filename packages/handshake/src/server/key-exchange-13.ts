import { hashLength } from '@handfast/crypto';
import { concat, TlsError } from '@handfast/wire';
import { type Handshake, ofLength } from '../common/handshake.ts';
import { exchangeLengthsOf } from '../common/hellos.ts';
import type { ServerConfiguration } from '../configuration.ts';
import { ask, type EncodedMessage, type Steps } from '../engine/effects.ts';
import type { Agreement } from './agreement-13.ts';
import type { UnfinishedHello } from './flight-13.ts';
import type { Signer } from './signer-13.ts';

interface Exchanged {
  /** What goes into the key schedule beside a PSK. */
  readonly secret: Uint8Array;
  /** Of CertificateVerify; undefined where none is due. */
  readonly signature: { readonly algorithm: number; readonly signature: Uint8Array } | undefined;
}

/**
 * Completes the ServerHello with our key share. The KeyExchange makes the share, the secret and the signature in one
 * answer (design section 4, hop budget), and so gets everything that it signs over, with a gap where its own share will
 * stand.
 * @param flight the messages between ServerHello and CertificateVerify.
 */
export function* exchangeKeys(
  { transcript }: Handshake<ServerConfiguration>,
  { suite, clientShare }: Agreement,
  { bytes, start, end }: UnfinishedHello,
  flight: readonly EncodedMessage[],
  signer: Signer | undefined,
): Steps<Exchanged> {
  // RFC 8446 section 7.1: zeros, where there is no (EC)DHE.
  if (clientShare === undefined) return { secret: new Uint8Array(hashLength[suite.hash]), signature: undefined };
  const request = {
    group: clientShare.group,
    clientShare: clientShare.keyExchange,
    signature: signer && {
      keyId: signer.keyId,
      scheme: signer.scheme,
      hash: suite.hash,
      beforeShare: transcript.bytes(bytes.subarray(0, start)),
      afterShare: concat(bytes.subarray(end), ...flight.map((message) => message.bytes)),
    },
  };
  const answer = yield* ask({
    step: 'ServerHello',
    port: 'key-exchange',
    operation: 'respond',
    call: ({ keyExchange }, context) => keyExchange.respond(request, context),
  });
  bytes.set(ofLength(answer.share, end - start, 'a key share'), start);
  const secret = ofLength(answer.secret, exchangeLengthsOf(clientShare.group).secret, 'a shared secret');
  if (signer === undefined) return { secret, signature: undefined };
  if (answer.signature === undefined) {
    throw new TlsError('service-reply-invalid', 'the key exchange made no signature, where one was asked for');
  }
  return { secret, signature: { algorithm: signer.scheme, signature: answer.signature } };
}
