import type { Timeline } from '@handfast/handshake';
import { ROOT_CONTEXT } from '@opentelemetry/api';
import { SamplingDecision, TraceIdRatioBasedSampler } from '@opentelemetry/sdk-trace';
import { handshakeDuration } from './outcome.ts';
import { hex } from './span.ts';

export interface Sampling {
  /** Share of the handshakes to keep, 0 to 1. */
  readonly ratio: number;
  /** Handshakes that took longer are kept whatever the ratio; milliseconds. */
  readonly slowerThan?: number | undefined;
}

/**
 * Whether to report a handshake. A failed one always is. The ratio decides on the trace ID, as OpenTelemetry's
 * TraceIdRatioBased sampler does; both peers derive the same ID, so they decide alike.
 */
export function keep(timeline: Timeline, { ratio, slowerThan }: Sampling): boolean {
  if (timeline.failure !== undefined) return true;
  if (slowerThan !== undefined && handshakeDuration(timeline) > slowerThan) return true;
  const { decision } = new TraceIdRatioBasedSampler(ratio).shouldSample(ROOT_CONTEXT, hex(timeline.traceId));
  return decision === SamplingDecision.RECORD_AND_SAMPLED;
}
