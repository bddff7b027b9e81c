import { metrics } from '@opentelemetry/api';
import { LossLog } from './loss-log.ts';
import { MetricsExport } from './metrics-export.ts';
import { nameOf, otlpUrl } from './otlp-url.ts';
import { type ServiceIdentity, Services } from './services.ts';

/** Pushes the metrics of a process that has no handshakes of its own: those of OpenTelemetry's global meters. */
export class ServiceMetrics {
  readonly #export: MetricsExport;

  /**
   * Before any meter is taken: later, those taken before do not count.
   * @param otlp a collector's base URL, or a URL with its path
   * @param log told in one line what could not be exported, at most once a minute
   * @throws TlsError `configuration-invalid` for an address that is none
   */
  constructor(service: ServiceIdentity, otlp: string, log: (line: string) => void) {
    const url = otlpUrl(otlp, 'metrics');
    this.#export = new MetricsExport(new Services(service).own, {
      url,
      losses: new LossLog(nameOf(url), log, Date.now),
    });
    metrics.setGlobalMeterProvider(this.#export.provider);
  }

  /** Pushes for the last time. Never rejects. */
  async shutdown(): Promise<void> {
    await Promise.allSettled([this.#export.close()]);
  }
}
