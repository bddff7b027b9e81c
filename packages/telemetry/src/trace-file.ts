import { appendFile, close, openSync } from 'node:fs';
import { promisify } from 'node:util';
import { TlsError } from '@handfast/wire';
import { JsonTraceSerializer } from '@opentelemetry/otlp-transformer';
import type { ReadableSpan } from '@opentelemetry/sdk-trace';
import type { Destination } from './destination.ts';

/** A file in OpenTelemetry's file format: OTLP JSON, one export request a line. Jaeger's upload reads it. */
export class TraceFile implements Destination {
  readonly name: string;
  readonly #descriptor: number;

  /**
   * Opens the file for appending, and makes it where there is none.
   * @throws TlsError `configuration-invalid` where that is not possible
   */
  constructor(path: string) {
    this.name = path;
    try {
      this.#descriptor = openSync(path, 'a');
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new TlsError('configuration-invalid', `cannot write traces to a file: ${why}`, { cause });
    }
  }

  async send(spans: ReadableSpan[]): Promise<void> {
    const request = JsonTraceSerializer.serializeRequest(spans) ?? new Uint8Array();
    await promisify(appendFile)(this.#descriptor, Buffer.concat([request, newline]));
  }

  close(): Promise<void> {
    return promisify(close)(this.#descriptor);
  }
}

const newline = Buffer.from('\n');
