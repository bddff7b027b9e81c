import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Span, spansIn, TraceStore } from './traces.ts';

export interface OtlpReceiver {
  /** Its base URL. */
  readonly url: string;
  /** Paths that were posted to. */
  readonly paths: ReadonlySet<string>;
  readonly traces: TraceStore;
  stop(): Promise<void>;
}

/** A collector that takes traces by OTLP over HTTP, in JSON. */
export async function startOtlpReceiver(): Promise<OtlpReceiver> {
  const paths = new Set<string>();
  const spans: Span[] = [];
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += String(chunk);
    paths.add(request.url ?? '');
    spans.push(...spansIn(JSON.parse(body)));
    response.setHeader('content-type', 'application/json').end('{}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    paths,
    traces: new TraceStore(() => spans.splice(0)),
    stop: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}
