import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

/** OTLP's SpanKind. */
export const spanKind = { internal: 1, server: 2, client: 3 } as const;

type Value = string | number | boolean | readonly Value[];

export interface Span {
  readonly traceId: string;
  readonly spanId: string;
  /** Undefined for the root of an endpoint. */
  readonly parentSpanId: string | undefined;
  readonly name: string;
  readonly kind: number;
  readonly startedAt: bigint;
  readonly endedAt: bigint;
  readonly attributes: Readonly<Record<string, Value>>;
  readonly events: readonly { readonly name: string; readonly attributes: Readonly<Record<string, Value>> }[];
  /** 2 is ERROR. */
  readonly status: number;
  /** `service.name` of its resource. */
  readonly service: Value | undefined;
  readonly instance: Value | undefined;
}

/** The spans of one handshake at one endpoint. */
export class Trace {
  readonly root: Span;
  readonly spans: readonly Span[];

  constructor(root: Span, all: readonly Span[]) {
    this.root = root;
    const own = new Set([root.spanId]);
    const spans = [root];
    // Parents are exported before their children, but maybe grouped by service.
    for (let found = true; found; ) {
      found = false;
      for (const span of all) {
        if (own.has(span.spanId) || !own.has(span.parentSpanId ?? '')) continue;
        own.add(span.spanId);
        spans.push(span);
        found = true;
      }
    }
    this.spans = spans;
  }

  /** Names of the messages, in order. */
  get messages(): readonly string[] {
    return this.#messageSpans.map(({ name }) => name);
  }

  get #messageSpans(): readonly Span[] {
    return this.children(this.root).filter(({ attributes }) => attributes['handfast.message.direction'] !== undefined);
  }

  /** What was asked of the ports, in order, as `message: operation`. */
  get asks(): readonly string[] {
    return this.#messageSpans.flatMap((message) =>
      [...this.children(message)].sort(byStart).map(({ name }) => `${message.name}: ${name}`),
    );
  }

  children(parent: Span): readonly Span[] {
    return this.spans.filter(({ traceId, parentSpanId }) => {
      return traceId === parent.traceId && parentSpanId === parent.spanId;
    });
  }

  attribute(name: string): Value | undefined {
    return this.root.attributes[name];
  }

  /** The alerts as `us: name` or `peer: name`. */
  get alerts(): readonly string[] {
    return this.root.events
      .filter(({ name }) => name === 'alert')
      .map(({ attributes }) => `${attributes['handfast.alert.from']}: ${attributes['handfast.alert.name']}`);
  }
}

/** For `sort`. */
export function byStart(a: Span, b: Span): number {
  return Number(a.startedAt - b.startedAt);
}

/** Where traces arrive while a test runs. */
export class TraceStore {
  readonly #spans: Span[] = [];
  readonly #more: () => readonly Span[];

  /** @param more the spans that arrived since it was called last. */
  constructor(more: () => readonly Span[]) {
    this.#more = more;
  }

  get spans(): readonly Span[] {
    this.#spans.push(...this.#more());
    return this.#spans;
  }

  /** The trace of the handshake with that client random, as `role` saw it, once it is there. */
  ofClientRandom(clientRandom: string, role: 'server' | 'client' = 'server'): Promise<Trace> {
    const traceId = traceIdOf(clientRandom);
    return this.find(
      (root) => root.traceId === traceId && root.name === `TLS ${role} handshake`,
      `with the trace ID ${traceId}`,
    );
  }

  /** The trace of the connection that came from that port. */
  ofClientPort(port: number): Promise<Trace> {
    return this.find((root) => root.attributes['client.port'] === port, `from port ${port}`);
  }

  async find(wanted: (root: Span) => boolean, description: string): Promise<Trace> {
    for (let tries = 0; tries < 1000; tries += 1) {
      const { spans } = this;
      const root = spans.find((span) => span.parentSpanId === undefined && wanted(span));
      if (root !== undefined) return new Trace(root, spans);
      await delay(20);
    }
    const roots = this.#spans.filter(({ parentSpanId }) => parentSpanId === undefined);
    throw new Error(`no trace ${description} among ${roots.length}`);
  }
}

/** The traces in a file of OTLP JSON, as `--trace-file` writes it. */
export function traceFile(path: string): TraceStore {
  let read = 0;
  return new TraceStore(() => {
    const text = readFileSync(path, 'utf8');
    const end = text.lastIndexOf('\n') + 1;
    const lines = text.slice(read, end).split('\n');
    read = end;
    return lines.filter((line) => line !== '').flatMap((line) => spansIn(JSON.parse(line)));
  });
}

/** The first 16 bytes of SHA-256 over the label and the client random, both and the result in hexadecimal. */
export function traceIdOf(clientRandom: string): string {
  const hash = createHash('sha256').update('handfast trace id').update(Buffer.from(clientRandom, 'hex'));
  return hash.digest('hex').slice(0, 32);
}

interface OtlpValue {
  readonly stringValue?: string;
  readonly boolValue?: boolean;
  readonly intValue?: number | string;
  readonly doubleValue?: number;
  readonly arrayValue?: { readonly values?: readonly OtlpValue[] };
}

type OtlpAttributes = readonly { readonly key: string; readonly value: OtlpValue }[];

interface OtlpSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly kind: number;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes: OtlpAttributes;
  readonly events?: readonly { readonly name: string; readonly attributes: OtlpAttributes }[];
  readonly status?: { readonly code?: number };
}

export interface TraceRequest {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: OtlpAttributes };
    readonly scopeSpans: readonly { readonly spans: readonly OtlpSpan[] }[];
  }[];
}

/** The spans of an ExportTraceServiceRequest in JSON. */
export function spansIn({ resourceSpans }: TraceRequest): readonly Span[] {
  return resourceSpans.flatMap(({ resource, scopeSpans }) => {
    const { 'service.name': service, 'service.instance.id': instance } = valuesOf(resource.attributes);
    return scopeSpans.flatMap(({ spans }) =>
      spans.map((span) => ({
        traceId: span.traceId,
        spanId: span.spanId,
        parentSpanId: span.parentSpanId,
        name: span.name,
        kind: span.kind,
        startedAt: BigInt(span.startTimeUnixNano),
        endedAt: BigInt(span.endTimeUnixNano),
        attributes: valuesOf(span.attributes),
        events: (span.events ?? []).map(({ name, attributes }) => ({ name, attributes: valuesOf(attributes) })),
        status: span.status?.code ?? 0,
        service,
        instance,
      })),
    );
  });
}

function valuesOf(attributes: OtlpAttributes): Readonly<Record<string, Value>> {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, valueIn(value)]));
}

function valueIn(value: OtlpValue): Value {
  if (value.arrayValue !== undefined) return (value.arrayValue.values ?? []).map(valueIn);
  if (value.intValue !== undefined) return Number(value.intValue);
  return value.stringValue ?? value.boolValue ?? value.doubleValue ?? '';
}
