import type { CertificateValidator } from '@handfast/certificates';
import type { KeyExchange } from '@handfast/key-exchange';
import type { SessionManager } from '@handfast/sessions';
import { type Answer, TlsError } from '@handfast/wire';
import type { Bus, DeliveryContext, NoteHandler, RequestHandler, ServeOptions, Serving } from './bus.ts';
import { now } from './clock.ts';
import { authoritiesCodec, credentialsCodec, validateCodec } from './codecs/certificates.ts';
import { type Codec, type OperationCodec, plainBytes } from './codecs/codec.ts';
import {
  agreeCodec,
  decryptCodec,
  offerCodec,
  respondCodec,
  signCodec,
  startServerCodec,
} from './codecs/key-exchange.ts';
import { blankTicketsCodec, keepCodec, recallCodec, resumeCodec } from './codecs/resumption.ts';
import { handshakesCodec, noteCodec } from './codecs/sessions.ts';
import { encodeReply, type Work } from './reply.ts';

export interface HostOptions extends ServeOptions {
  /** Told of what the port threw that is no TlsError: a fault of the service, of which the asker learns nothing. */
  readonly onError?: ((error: unknown) => void) | undefined;
}

/**
 * Hosts the KeyExchange port on a bus. A port that is to keep ephemeral keys between two asks finds the asker's public
 * key in the context, as `caller`.
 */
export function hostKeyExchange(bus: Bus, port: KeyExchange, options?: HostOptions): Answer<Serving> {
  const operation = operationsOf(bus.instance, options?.onError);
  const requests = {
    respond: operation(respondCodec, (request, context) => port.respond(request, context)),
    startServer: operation(startServerCodec, (request, context) => port.startServer(request, context)),
    offer: operation(offerCodec, (request, context) => port.offer(request, context)),
    agree: operation(agreeCodec, (request, context) => port.agree(request, context)),
    sign: operation(signCodec, (request, context) => port.sign(request, context)),
    decrypt: operation(decryptCodec, (request, context) => port.decrypt(request, context)),
  };
  return bus.serve('key-exchange', { requests, notes: {} }, options);
}

/** Hosts the CertificateValidator port on a bus. */
export function hostCertificates(bus: Bus, port: CertificateValidator, options?: HostOptions): Answer<Serving> {
  const operation = operationsOf(bus.instance, options?.onError);
  const requests = {
    validate: operation(validateCodec, (request, context) => port.validate(request, context)),
    credentials: operation(credentialsCodec, (_, context) => port.credentials(context)),
    authorities: operation(authoritiesCodec, (_, context) => port.authorities(context)),
  };
  return bus.serve('certificate', { requests, notes: {} }, options);
}

/** Hosts the SessionManager port on a bus. */
export function hostSessions(bus: Bus, port: SessionManager, options?: HostOptions): Answer<Serving> {
  const operation = operationsOf(bus.instance, options?.onError);
  const requests = {
    handshakes: operation(handshakesCodec, (_, context) => port.handshakes(context)),
    blankTickets: operation(blankTicketsCodec, (request, context) => port.blankTickets(request, context)),
    resume: operation(resumeCodec, (request, context) => port.resume(request, context)),
    recall: operation(recallCodec, (request, context) => port.recall(request, context)),
  };
  const notes = {
    note: note(noteCodec, (entries) => {
      for (const entry of entries) port.note(entry);
    }),
    keep: note(keepCodec, (session) => port.keep(session)),
  };
  return bus.serve('session', { requests, notes }, options);
}

/** Makes handlers of a port's methods: decode, call, encode, with the account of the work. */
function operationsOf(instance: string, onError: HostOptions['onError']) {
  return <Request, Result>(
    codec: OperationCodec<Request, Result>,
    call: (request: Request, context: DeliveryContext) => Answer<Result>,
  ): RequestHandler => {
    return (payload, context) => {
      const startedAt = now();
      const work = (): Work => ({ instance, startedAt, duration: now() - startedAt });
      const answered = (answer: Result) =>
        encodeReply({ kind: 'answer', answer: codec.answer.encode(answer), work: work() });
      const failed = (error: unknown) => {
        if (!(error instanceof TlsError)) onError?.(error);
        return encodeReply({ kind: 'failure', failure: failureOf(error), work: work() });
      };
      try {
        const answer = call(decodeRequest(codec.request, payload), context);
        return answer instanceof Promise ? answer.then(answered).catch(failed) : answered(answer);
      } catch (error) {
        return failed(error);
      }
    };
  };
}

function note<Entry>(codec: Codec<Entry>, call: (entry: Entry) => void): NoteHandler {
  return (payload) => {
    try {
      call(codec.decode(plainBytes(payload)));
    } catch {
      // A note that cannot be read is a note that was lost, which loses no handshake.
    }
  };
}

function decodeRequest<Request>(codec: Codec<Request>, payload: Uint8Array): Request {
  try {
    return codec.decode(plainBytes(payload));
  } catch (error) {
    throw new TlsError('service-failed', `malformed request: ${messageOf(error)}`);
  }
}

/** What the asker may know. Of an error that is none of ours it learns nothing: it could hold anything. */
function failureOf(error: unknown): TlsError {
  return error instanceof TlsError ? error : new TlsError('service-failed', 'the service failed; its log says more');
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
