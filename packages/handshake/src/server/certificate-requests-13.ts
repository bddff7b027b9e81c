import { type Certificate13, type CompressedCertificate, TlsError, toHex } from '@handfast/wire';
import { decompressed } from '../common/certificate-compression.ts';
import { receiveFinished } from '../common/finished.ts';
import type { Handshake } from '../common/handshake.ts';
import type { ApplicationTraffic } from '../common/traffic-13.ts';
import type { ServerConfiguration } from '../configuration.ts';
import type { EncodedMessage, Steps } from '../engine/effects.ts';
import { encodeCertificateRequest, proveClient } from './client-auth-13.ts';

const contextLength = 16;
/** Requests that may wait for their answer at once. */
const mostOutstanding = 8;

/** Requests for the client's certificate in an open connection, and their answers (RFC 8446 section 4.6.2). */
export class CertificateRequests {
  /** With the hash of the transcript up to the client's Finished, and not the messages: it may live for days. */
  readonly #handshake: Handshake<ServerConfiguration>;
  /** The messages, by their context in hex. */
  readonly #outstanding = new Map<string, Uint8Array>();

  constructor({ configuration, crypto, transcript }: Handshake<ServerConfiguration>) {
    this.#handshake = { configuration, crypto, transcript: transcript.fork() };
  }

  /**
   * A request to send now.
   * @throws RangeError where too many wait for their answer.
   */
  make(): EncodedMessage {
    if (this.#outstanding.size >= mostOutstanding) {
      throw new RangeError(`${mostOutstanding} requests for the client's certificate wait for their answer`);
    }
    const { configuration, crypto } = this.#handshake;
    const context = crypto.randomBytes(contextLength);
    const bytes = encodeCertificateRequest(configuration, context);
    this.#outstanding.set(toHex(context), bytes);
    return { name: 'CertificateRequest', bytes };
  }

  /**
   * The answer to one of them, which begins with `message`.
   * @param bytes of `message`.
   * @param reads what the client's Finished is made with.
   */
  *answered(message: Certificate13 | CompressedCertificate, bytes: Uint8Array, reads: ApplicationTraffic): Steps<void> {
    if (this.#outstanding.size === 0) throw unasked();
    const certificate = decompressed(this.#handshake.configuration, message);
    const handshake = this.#continued(certificate, bytes);
    const client = yield* proveClient(handshake, certificate);
    const expected = reads.finished(handshake.transcript.hash());
    yield* receiveFinished(handshake, 'tls13', expected, client ?? 'without-certificate');
    yield { kind: 'client-authenticated', peer: client };
  }

  /** The handshake, to which only this request and its answer are added (section 4.4). */
  #continued({ certificateRequestContext }: Certificate13, answer: Uint8Array): Handshake<ServerConfiguration> {
    const context = toHex(certificateRequestContext);
    const request = this.#outstanding.get(context);
    if (request === undefined) throw unasked();
    this.#outstanding.delete(context);
    const { configuration, crypto, transcript: common } = this.#handshake;
    const transcript = common.fork();
    transcript.add(request);
    transcript.add(answer);
    return { configuration, crypto, transcript };
  }
}

function unasked(): TlsError {
  return new TlsError('unexpected-message', 'a certificate that nobody asked for', { step: 'Certificate' });
}
