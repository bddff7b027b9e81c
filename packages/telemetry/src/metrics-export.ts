import type { Meter } from '@opentelemetry/api';
import { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-http';
import { PrometheusExporter, PrometheusSerializer } from '@opentelemetry/exporter-prometheus';
import type { Resource } from '@opentelemetry/resources';
import { MeterProvider, PeriodicExportingMetricReader, type ResourceMetrics } from '@opentelemetry/sdk-metrics';
import { exportTimeout } from './collector.ts';
import type { LossLog } from './loss-log.ts';

/** Metrics for those who ask (Prometheus), and pushed where a collector is named. */
export class MetricsExport {
  readonly provider: MeterProvider;
  readonly #prometheus = new PrometheusExporter({ preventServerStart: true });

  constructor(resource: Resource, collector: { readonly url: URL; readonly losses: LossLog } | undefined) {
    const push = collector && pushTo(collector.url, collector.losses);
    this.provider = new MeterProvider({
      resource,
      readers: push === undefined ? [this.#prometheus] : [this.#prometheus, push],
    });
  }

  meter(): Meter {
    return this.provider.getMeter('@handfast/telemetry');
  }

  /** All metrics in Prometheus' text format. */
  async text(): Promise<string> {
    const { resourceMetrics } = await this.#prometheus.collect();
    return serializer.serialize(withUnitInName(resourceMetrics));
  }

  close(): Promise<void> {
    return this.provider.shutdown();
  }
}

/** Without the labels of the scope, which would be the same on every line. */
const serializer = new PrometheusSerializer('', false, undefined, false, true);

/** Prometheus has the unit at the end of the name, which the serializer leaves to us. */
function withUnitInName(resourceMetrics: ResourceMetrics): ResourceMetrics {
  return {
    ...resourceMetrics,
    scopeMetrics: resourceMetrics.scopeMetrics.map(({ scope, metrics }) => ({
      scope,
      metrics: metrics.map((metric) => {
        const { name, unit } = metric.descriptor;
        return {
          ...metric,
          descriptor: { ...metric.descriptor, name: unit === 's' ? `${name}_seconds` : name, unit: '' },
        };
      }),
    })),
  };
}

const pushInterval = 15_000;

function pushTo(url: URL, losses: LossLog): PeriodicExportingMetricReader {
  return new PeriodicExportingMetricReader({
    exporter: new WatchedExporter(url, losses),
    exportIntervalMillis: pushInterval,
    exportTimeoutMillis: pushInterval,
  });
}

/** The reader keeps a failed export to itself; we want it said. */
class WatchedExporter extends OTLPMetricExporter {
  readonly #losses: LossLog;

  constructor(url: URL, losses: LossLog) {
    super({ url: url.href, timeoutMillis: exportTimeout });
    this.#losses = losses;
  }

  override export(metrics: ResourceMetrics, done: Parameters<OTLPMetricExporter['export']>[1]): void {
    super.export(metrics, (result) => {
      if (result.error !== undefined) this.#losses.lost(1, result.error);
      done(result);
    });
  }
}
