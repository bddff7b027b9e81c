import type { AskRecord, Timeline } from '@handfast/handshake';
import type { Attributes, Counter, Histogram, Meter } from '@opentelemetry/api';
import { protocolVersion, seconds } from './attributes.ts';
import { handshakeDuration } from './outcome.ts';

/** What is counted of every handshake, whether or not its trace is kept. */
export class HandshakeMetrics {
  readonly #handshakes: Counter;
  readonly #duration: Histogram;
  readonly #askDuration: Histogram;

  constructor(meter: Meter) {
    this.#handshakes = meter.createCounter('handfast.handshakes', {
      description: 'Handshakes that ended, by the state that they had reached',
      unit: '{handshake}',
    });
    this.#duration = meter.createHistogram('handfast.handshake.duration', {
      description: 'From the start of a handshake until it completed or failed',
      unit: 's',
      advice: { explicitBucketBoundaries: boundaries },
    });
    this.#askDuration = meter.createHistogram('handfast.ask.duration', {
      description: 'How long a handshake waited for the answer of a port',
      unit: 's',
      advice: { explicitBucketBoundaries: boundaries },
    });
  }

  record(timeline: Timeline): void {
    const attributes = labelsOf(timeline);
    this.#handshakes.add(1, attributes);
    this.#duration.record(seconds(handshakeDuration(timeline)), attributes);
    for (const { asks } of timeline.steps) for (const ask of asks) this.#recordAsk(ask);
  }

  #recordAsk({ port, operation, startedAt, endedAt, failure }: AskRecord): void {
    const attributes: Attributes = { 'handfast.port': port, 'handfast.operation': operation };
    if (failure !== undefined) attributes['error.type'] = failure;
    this.#askDuration.record(seconds(endedAt - startedAt), attributes);
  }
}

/** Seconds. A handshake between neighbours takes 1 ms, over a continent 200 ms, with a person behind it seconds. */
const boundaries = [0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

function labelsOf(timeline: Timeline): Attributes {
  const labels: Attributes = { 'handfast.role': timeline.role, 'handfast.result': timeline.state };
  const version = protocolVersion(timeline);
  if (version !== undefined) labels['tls.protocol.version'] = version;
  if (timeline.failure !== undefined) labels['error.type'] = timeline.failure.reason;
  return labels;
}
