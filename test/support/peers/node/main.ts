// Node's own TLS as a client and as a server. It reads requests from standard input, one query string a line, and answers
// each with a query string of the same id on standard output.
import { constants } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createInterface } from 'node:readline';
import { type ConnectionOptions, connect, createServer, type SecureVersion, type TlsOptions } from 'node:tls';
import { openSslGroup, openSslSuite } from '../openssl-names.ts';

createInterface(process.stdin).on('line', async (line) => {
  const request = new URLSearchParams(line);
  const answer = await answerTo(request).catch((error: unknown) => ({ error: String(error) }));
  console.log(String(new URLSearchParams({ ...answer, id: request.get('id') ?? '' })));
});

async function answerTo(request: URLSearchParams): Promise<Record<string, string>> {
  switch (request.get('do')) {
    case 'version':
      return { version: process.versions.node };
    case 'connect':
      return connectOften(request);
    default:
      return { port: String(await listen(request)) };
  }
}

/** Makes as many connections as `connection` is named, one after the other, and tells of the last one. */
async function connectOften(request: URLSearchParams): Promise<Record<string, string>> {
  let session: Buffer | undefined;
  let answer: Record<string, string> = {};
  for (const _ of request.getAll('connection')) {
    const made = await connectOnce(request, session);
    ({ answer, session } = made);
  }
  return answer;
}

function connectOnce(request: URLSearchParams, session: Buffer | undefined) {
  const payload = request.get('payload') ?? '';
  const options: ConnectionOptions = {
    ...common(request),
    host: '127.0.0.1',
    port: Number(request.get('port')),
    servername: request.get('serverName') ?? '',
    ...(session === undefined ? {} : { session }),
  };
  return new Promise<{ answer: Record<string, string>; session: Buffer | undefined }>((resolve, reject) => {
    let last: Buffer | undefined;
    let received = '';
    const socket = connect(options, () => socket.write(payload));
    socket.on('session', (fresh) => {
      last = fresh;
    });
    socket.on('data', (chunk) => {
      received += chunk;
    });
    socket.on('error', reject);
    socket.on('end', () => {
      const answer = {
        answered: received === payload ? 'yes' : 'no',
        resumed: socket.isSessionReused() ? 'yes' : 'no',
        protocol: socket.alpnProtocol || '',
      };
      socket.end(() => resolve({ answer, session: last }));
    });
  });
}

/** Starts a server that sends back what it gets. */
function listen(request: URLSearchParams): Promise<number> {
  const options: TlsOptions = {
    ...common(request),
    requestCert: request.get('clientAuth') !== 'none',
    rejectUnauthorized: request.get('clientAuth') === 'required',
  };
  const server = createServer(options, (socket) => {
    socket.on('error', () => socket.destroy());
    socket.pipe(socket);
  });
  server.on('tlsClientError', () => {});
  // Sessions by ID are for the application to keep.
  const sessions = new Map<string, Buffer>();
  server.on('newSession', (id: Buffer, session: Buffer, done: () => void) => {
    sessions.set(id.toString('hex'), session);
    done();
  });
  server.on('resumeSession', (id: Buffer, done: (error: null, session: Buffer | null) => void) => {
    done(null, sessions.get(id.toString('hex')) ?? null);
  });
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
  });
}

function common(request: URLSearchParams): ConnectionOptions & TlsOptions {
  const read = (name: string) => {
    const path = request.get(name);
    return path === null ? {} : { [name === 'chain' ? 'cert' : name]: readFileSync(path) };
  };
  const version = request.get('version');
  const protocols = request.getAll('protocol');
  const groups = request.getAll('group').map((name) => openSslGroup(name));
  const only = version === null ? {} : { minVersion: `TLSv${version}`, maxVersion: `TLSv${version}` };
  return {
    ...read('ca'),
    ...read('chain'),
    ...read('key'),
    ...(only as { minVersion?: SecureVersion; maxVersion?: SecureVersion }),
    // CCM with the short tag is below OpenSSL's own idea of security.
    ciphers: `${openSslSuite(request.get('suite') ?? '')}:ALL:@SECLEVEL=0`,
    ...(groups.length === 0 ? {} : { ecdhCurve: groups.join(':') }),
    ...(protocols.length === 0 ? {} : { ALPNProtocols: protocols }),
    ...(request.get('tickets') === 'no' ? { secureOptions: constants.SSL_OP_NO_TICKET } : {}),
    dhparam: 'auto',
  };
}

process.stdin.on('end', () => process.exit());
