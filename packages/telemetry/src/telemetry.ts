import type { Timeline } from '@handfast/handshake';
import type { Endpoints } from './attributes.ts';
import { Collector } from './collector.ts';
import type { Destination } from './destination.ts';
import { ExportQueue, type QueueLimits } from './export-queue.ts';
import { keep, type Sampling } from './keep.ts';
import { LossLog } from './loss-log.ts';
import { HandshakeMetrics } from './metrics.ts';
import { MetricsExport } from './metrics-export.ts';
import { nameOf, otlpUrl } from './otlp-url.ts';
import { type ServiceIdentity, Services } from './services.ts';
import { spansOf } from './spans.ts';
import { TraceFile } from './trace-file.ts';

export interface TelemetryOptions {
  readonly service: ServiceIdentity;
  /** Where to send traces by OTLP over HTTP: a collector's base URL, or a URL with its path. */
  readonly otlp?: string | undefined;
  /** A file to append traces to, as OTLP JSON. */
  readonly traceFile?: string | undefined;
  /** Where to push metrics by OTLP over HTTP. Not every receiver of traces takes them: Jaeger does not. */
  readonly otlpMetrics?: string | undefined;
  /** Which traces to keep; all, where unset. */
  readonly sampling?: Sampling | undefined;
  /** Told in one line what could not be exported, at most once a minute for each destination. */
  readonly log: (line: string) => void;
}

/** Makes traces and metrics of handshakes that have ended. Nothing here waits for a collector, or fails with it. */
export class HandshakeTelemetry {
  readonly #services: Services;
  readonly #sampling: Sampling;
  readonly #metricsExport: MetricsExport;
  readonly #metrics: HandshakeMetrics;
  readonly #queues: readonly ExportQueue[];
  readonly #recorded = new WeakSet<Timeline>();

  /** @throws TlsError `configuration-invalid` for an address that is none, or a file that cannot be written */
  constructor({ service, otlp, traceFile, otlpMetrics, sampling = { ratio: 1 }, log }: TelemetryOptions) {
    const lossesTo = (destination: string) => new LossLog(destination, log, Date.now);
    const queueTo = (destination: Destination, limits: QueueLimits) => {
      const losses = lossesTo(destination.name);
      return new ExportQueue(destination, limits, (traces, error) => losses.lost(traces, error));
    };
    this.#services = new Services(service);
    this.#sampling = sampling;
    const metricsUrl = otlpMetrics === undefined ? undefined : otlpUrl(otlpMetrics, 'metrics');
    this.#metricsExport = new MetricsExport(
      this.#services.own,
      metricsUrl && { url: metricsUrl, losses: lossesTo(nameOf(metricsUrl)) },
    );
    this.#metrics = new HandshakeMetrics(this.#metricsExport.meter());
    this.#queues = [
      ...(otlp === undefined ? [] : [queueTo(new Collector(otlp), toCollector)]),
      ...(traceFile === undefined ? [] : [queueTo(new TraceFile(traceFile), toFile)]),
    ];
  }

  /**
   * Reports a handshake once, when it has ended (confirmed, failed or closed). Earlier and further calls do nothing, so
   * that it may be called whenever something changed.
   */
  record(timeline: Timeline, endpoints?: Endpoints): void {
    if (timeline.endedAt === undefined || this.#recorded.has(timeline)) return;
    this.#recorded.add(timeline);
    this.#metrics.record(timeline);
    if (this.#queues.length === 0 || !keep(timeline, this.#sampling)) return;
    const open = this.#queues.filter((queue) => queue.accepts());
    if (open.length === 0) return;
    const spans = spansOf(timeline, this.#services, endpoints);
    for (const queue of open) queue.add(spans);
  }

  /** The metrics in Prometheus' text format (`text/plain; version=0.0.4`). */
  prometheus(): Promise<string> {
    return this.#metricsExport.text();
  }

  /** Resolves when what was recorded has been sent, or could not be. */
  async flush(): Promise<void> {
    await Promise.all(this.#queues.map((queue) => queue.flush()));
  }

  /** Sends what is left, for some seconds at most where a destination does not answer. Never rejects. */
  async shutdown(): Promise<void> {
    await Promise.allSettled([...this.#queues.map((queue) => queue.close()), this.#metricsExport.close()]);
  }
}

/** 32 handshakes are some 500 spans, serialized in a millisecond or two: the handshakes of that moment hardly feel it. */
const toCollector: QueueLimits = { capacity: 1024, batch: 32, delay: 500 };
const toFile: QueueLimits = { capacity: 1024, batch: 32, delay: 0 };
