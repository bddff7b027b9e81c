export type { Endpoint, Endpoints } from './attributes.ts';
export { keep, type Sampling } from './keep.ts';
export { otlpUrl } from './otlp-url.ts';
export { ServiceMetrics } from './service-metrics.ts';
export { type ServiceIdentity, Services } from './services.ts';
export { spansOf } from './spans.ts';
export { HandshakeTelemetry, type TelemetryOptions } from './telemetry.ts';
