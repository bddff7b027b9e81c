import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import type { ReadableSpan } from '@opentelemetry/sdk-trace';
import type { Destination } from './destination.ts';
import { nameOf, otlpUrl } from './otlp-url.ts';

/** How long one export may take with its retries, in milliseconds: also the longest that a shutdown waits. */
export const exportTimeout = 3000;

/** An OpenTelemetry collector, or Jaeger, reached by OTLP over HTTP. */
export class Collector implements Destination {
  readonly name: string;
  readonly #exporter: OTLPTraceExporter;

  /**
   * @param address see `otlpUrl`
   * @throws TlsError `configuration-invalid`
   */
  constructor(address: string) {
    const url = otlpUrl(address, 'traces');
    this.name = nameOf(url);
    this.#exporter = new OTLPTraceExporter({ url: url.href, timeoutMillis: exportTimeout });
  }

  send(spans: ReadableSpan[]): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#exporter.export(spans, ({ error }) => (error === undefined ? resolve() : reject(error)));
    });
  }

  close(): Promise<void> {
    return this.#exporter.shutdown();
  }
}
