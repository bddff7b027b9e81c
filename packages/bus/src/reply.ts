import { alertOfReason, type Reason, TlsError } from '@handfast/wire';
import { finite, present, text } from './codecs/codec.ts';
import { handfast } from './generated/handfast.js';

const proto = handfast.v1;

/** Which instance did the work, when (milliseconds since the Unix epoch) and for how long (milliseconds). */
export interface Work {
  readonly instance: string;
  readonly startedAt: number;
  readonly duration: number;
}

/** What a service says to a request. */
export type Reply =
  | { readonly kind: 'answer'; readonly answer: Uint8Array; readonly work: Work }
  | { readonly kind: 'failure'; readonly failure: TlsError; readonly work: Work };

const maximumDetail = 1024;

export function encodeReply(reply: Reply): Uint8Array {
  return reply.kind === 'answer'
    ? proto.Reply.encode({ answer: reply.answer, work: reply.work }).finish()
    : proto.Reply.encode({ failure: encodeFailure(reply.failure), work: reply.work }).finish();
}

/** @throws Error of any kind where the bytes are no Reply. */
export function decodeReply(bytes: Uint8Array): Reply {
  const { answer, failure, work } = proto.Reply.decode(bytes);
  const { instance, startedAt, duration } = proto.Work.create(present(work, 'work'));
  if (!/^[!-~]{1,64}$/.test(instance)) throw new RangeError('instance is no name');
  if (duration < 0) throw new RangeError(`duration is ${duration}`);
  const checkedWork = {
    instance,
    startedAt: finite(startedAt, 'started_at'),
    duration: finite(duration, 'duration'),
  };
  return failure
    ? { kind: 'failure', failure: decodeFailure(failure), work: checkedWork }
    : { kind: 'answer', answer: present(answer, 'result'), work: checkedWork };
}

function encodeFailure({ reason, detail }: TlsError): handfast.v1.Failure.$Properties {
  return { reason: isReasonOfServices(reason) ? reason : 'service-failed', detail: detail.slice(0, maximumDetail) };
}

function decodeFailure(failure: handfast.v1.Failure.$Properties): TlsError {
  const { reason, detail } = proto.Failure.create(failure);
  if (!isReasonOfServices(reason)) throw new RangeError('reason is not one of services');
  return new TlsError(reason, text(detail, 'detail', maximumDetail));
}

/**
 * What a service can fail with: its own trouble, or what it found wrong with what the TLS peer sent. Of the rest, such as
 * a Finished that does not match or an alert of the peer, it knows nothing, and must not put it into our traces.
 */
function isReasonOfServices(name: string): name is Reason {
  const isAboutService = /^(service|certificate)-/.test(name) || otherReasonsOfServices.has(name);
  return isAboutService && Object.hasOwn(alertOfReason, name);
}

const otherReasonsOfServices: ReadonlySet<string> = new Set([
  'invalid-key-share',
  'configuration-invalid',
  'internal-error',
] satisfies readonly Reason[]);
