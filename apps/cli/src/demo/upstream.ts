import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Endpoint } from '@handfast/record-service';

export interface Upstream {
  readonly address: Endpoint;
  stop(): Promise<void>;
}

/** A small HTTP server to have behind the gateway; by default on a free port of the loopback interface. */
export async function startUpstream(listen: Endpoint = { host: '127.0.0.1', port: 0 }): Promise<Upstream> {
  const server = createServer(answer);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(listen.port, listen.host, resolve);
  });
  const address = server.address();
  return {
    address: { ...listen, port: typeof address === 'object' && address !== null ? address.port : listen.port },
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function answer(request: IncomingMessage, response: ServerResponse): void {
  const asHtml = request.headers.accept?.includes('text/html') === true;
  response.setHeader('content-type', `text/${asHtml ? 'html' : 'plain'}; charset=utf-8`);
  response.end(asHtml ? page : `${greeting}\n${explanation}\n`);
}

const greeting = 'Hello through Handfast!';
const explanation = 'This answer is plain HTTP; the gateway made TLS of it. The terminal shows how the handshake went.';

const page = `<!doctype html>
<html lang="en">
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width">
  <title>Handfast</title>
  <style>
    body { font: 1.1rem/1.5 system-ui, sans-serif; max-width: 36rem; margin: 20vh auto; padding: 0 1rem; color-scheme: light dark }
  </style>
  <h1>${greeting}</h1>
  <p>${explanation}</p>
</html>
`;
