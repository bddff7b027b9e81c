import type { AskRecord, Failure, Step, Timeline } from '@handfast/handshake';
import type { ServiceWork } from '@handfast/wire';
import { SpanKind } from '@opentelemetry/api';
import { RandomIdGenerator, type ReadableSpan, type TimedEvent } from '@opentelemetry/sdk-trace';
import { askAttributes, type Endpoints, handshakeAttributes, seconds, stepAttributes } from './attributes.ts';
import { handshakeEnd, peerOf } from './outcome.ts';
import type { Services } from './services.ts';
import { HandshakeSpan, hex, hrTime, type Interval } from './span.ts';

/**
 * The spans of one handshake at one endpoint, parents before their children: the handshake, under it its messages and
 * the waits for the peer between them, under a message the asks to ports, under an ask the work of the service.
 */
export function spansOf(timeline: Timeline, services: Services, endpoints?: Endpoints): readonly ReadableSpan[] {
  const root = handshakeSpan(timeline, services, endpoints);
  const spans = [root];
  const { failure } = timeline;
  const failedWait = waitEndedByFailure(timeline);
  const failedStep = failedWait === undefined ? refusedStep(timeline) : undefined;
  for (const step of timeline.steps) {
    if (step.waited > 0) spans.push(waitSpan(root, waitBefore(step, timeline)));
    const span = stepSpan(root, step, step === failedStep ? failure : undefined);
    spans.push(span);
    for (const ask of step.asks) spans.push(...askSpans(span, ask, services));
  }
  if (failedWait !== undefined) spans.push(waitSpan(root, failedWait, failure));
  return spans;
}

function handshakeSpan(timeline: Timeline, services: Services, endpoints: Endpoints | undefined): HandshakeSpan {
  const { traceId, spanId, role, startedAt, steps, failure } = timeline;
  const endedAt = Math.max(startedAt, handshakeEnd(timeline), ...steps.map(stepEnd));
  return HandshakeSpan.root(hex(traceId), services.own, {
    name: `TLS ${role} handshake`,
    kind: role === 'server' ? SpanKind.SERVER : SpanKind.CLIENT,
    spanId: hex(spanId),
    startedAt,
    endedAt,
    attributes: handshakeAttributes(timeline, endpoints),
    failure: failure && { type: failure.reason, message: inWords(failure, timeline) },
    events: alertEvents(timeline, endedAt),
  });
}

function stepSpan(root: HandshakeSpan, step: Step, failure: Failure | undefined): HandshakeSpan {
  return root.child({
    name: step.name,
    kind: SpanKind.INTERNAL,
    spanId: hex(step.spanId),
    startedAt: step.startedAt,
    endedAt: stepEnd(step),
    attributes: stepAttributes(step),
    failure: failure && { type: failure.reason, message: failure.detail },
  });
}

/** An answer may arrive while a later message is worked on; the ask stays part of its own. */
function stepEnd({ endedAt, asks }: Step): number {
  return Math.max(endedAt, ...asks.map((ask) => ask.endedAt));
}

function askSpans(step: HandshakeSpan, ask: AskRecord, services: Services): readonly HandshakeSpan[] {
  const span = step.child({
    name: askName(ask.port, ask.operation),
    kind: SpanKind.CLIENT,
    spanId: hex(ask.spanId),
    startedAt: ask.startedAt,
    endedAt: ask.endedAt,
    attributes: askAttributes(ask),
    failure: ask.failure && { type: ask.failure },
  });
  return [span, ...ask.work.map((work) => workSpan(span, ask.port, work, services))];
}

function workSpan(ask: HandshakeSpan, port: AskRecord['port'], work: ServiceWork, services: Services): HandshakeSpan {
  const clockOffset = offsetInto(ask.interval, work);
  const startedAt = work.startedAt + clockOffset;
  return ask.child({
    name: askName(port, work.operation),
    kind: SpanKind.SERVER,
    spanId: ids.generateSpanId(),
    startedAt,
    endedAt: startedAt + work.duration,
    attributes: { 'handfast.clock_offset': clockOffset === 0 ? undefined : seconds(clockOffset) },
    resource: services.asked(work.service, work.instance),
  });
}

/** The recorder gives IDs to what it records; work and waits are derived from it. */
const ids = new RandomIdGenerator();

const portNames = {
  'key-exchange': 'KeyExchange',
  certificate: 'CertificateValidator',
  session: 'SessionManager',
} as const satisfies Record<AskRecord['port'], string>;

function askName(port: AskRecord['port'], operation: string): string {
  return `${portNames[port]}.${operation}`;
}

/**
 * What to add to the times of a service, in milliseconds. Work that its service's clock puts outside of the ask is
 * moved to the middle of it: as long on the way there as on the way back.
 */
function offsetInto(ask: Interval, { startedAt, duration }: ServiceWork): number {
  if (startedAt >= ask.startedAt && startedAt + duration <= ask.endedAt) return 0;
  const travel = Math.max(0, ask.endedAt - ask.startedAt - duration);
  return ask.startedAt + travel / 2 - startedAt;
}

interface Wait extends Interval {
  readonly name: string;
}

function waitSpan(root: HandshakeSpan, wait: Wait, failure?: Failure): HandshakeSpan {
  return root.child({
    ...wait,
    kind: SpanKind.INTERNAL,
    spanId: ids.generateSpanId(),
    failure: failure && { type: failure.reason, message: failure.detail },
  });
}

function waitBefore({ startedAt, waited }: Step, timeline: Timeline): Wait {
  return { name: waitName(timeline), startedAt: startedAt - waited, endedAt: startedAt };
}

function waitName(timeline: Timeline): string {
  return `wait for ${peerOf(timeline)}`;
}

/** The wait for a message that never came as it should, or, after our Finished, for the peer's acceptance. */
function waitEndedByFailure(timeline: Timeline): Wait | undefined {
  const { failure, completedAt, startedAt, steps } = timeline;
  if (failure === undefined) return undefined;
  const waitingSince = Math.max(completedAt ?? startedAt, ...steps.map(stepEnd));
  if (waitingSince >= failure.at) return undefined;
  const name = failure.late === undefined ? waitName(timeline) : 'wait for confirmation';
  return { name, startedAt: waitingSince, endedAt: failure.at };
}

/** Only for a failure that we found: a peer does not say which of our messages it refused. */
function refusedStep({ failure, steps }: Timeline): Step | undefined {
  return failure?.by === 'us' ? steps.findLast(({ name }) => name === failure.step) : undefined;
}

/** What came after the handshake (a `close_notify` that confirmed it) is no part of it. */
function alertEvents({ alerts }: Timeline, endedAt: number): TimedEvent[] {
  return alerts
    .filter(({ at }) => at <= endedAt)
    .map(({ alert, from, level, at }) => ({
      name: 'alert',
      time: hrTime(at),
      attributes: { 'handfast.alert.name': alert, 'handfast.alert.level': level, 'handfast.alert.from': from },
    }));
}

/** One line for people: what, where, who said so, and why. */
function inWords(failure: Failure, timeline: Timeline): string {
  const { reason, step, by, alert, late, detail } = failure;
  const who = by === 'us' ? timeline.role : peerOf(timeline);
  const where = step === undefined ? '' : ` in ${step}`;
  const said = alert === undefined ? `${who} gave up without an alert` : `${who} sent ${alert}`;
  const when = late === undefined ? '' : ` ${late.toFixed(1)} ms after completion`;
  return `${reason}${where}, ${said}${when}: ${detail}`;
}
