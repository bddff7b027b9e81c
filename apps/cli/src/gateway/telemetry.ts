import type { HandshakeTelemetry, ServiceIdentity, ServiceMetrics } from '@handfast/telemetry';
import type { TelemetryFlags } from '../flags/tls.ts';
import { version } from '../version.ts';

/** Where the flags ask for traces: OpenTelemetry is loaded for nothing else. */
export async function openTelemetry(
  { otlp, traceFile }: TelemetryFlags,
  service: Omit<ServiceIdentity, 'version'>,
  log: (line: string) => void,
): Promise<HandshakeTelemetry | undefined> {
  if (otlp === undefined && traceFile === undefined) return undefined;
  const { HandshakeTelemetry } = await import('@handfast/telemetry');
  return new HandshakeTelemetry({ service: { ...service, version: version() }, otlp, traceFile, log });
}

/** Metrics of a service, where the flags say where to push them. */
export async function openMetrics(
  otlp: string | undefined,
  name: string,
  log: (line: string) => void,
): Promise<ServiceMetrics | undefined> {
  if (otlp === undefined) return undefined;
  const { ServiceMetrics } = await import('@handfast/telemetry');
  return new ServiceMetrics({ name, version: version() }, otlp, log);
}
