import type { ReadableSpan } from '@opentelemetry/sdk-trace';

/** Where spans go. */
export interface Destination {
  /** For the log, without credentials. */
  readonly name: string;
  /** One export request. Rejects when it did not arrive. */
  send(spans: ReadableSpan[]): Promise<void>;
  close(): Promise<void>;
}
