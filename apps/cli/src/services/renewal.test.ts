import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Server as TcpServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, type TLSSocket } from 'node:tls';
import { promisify } from 'node:util';
import { type NatsServer, natsServerBinary, startNatsServer } from '@handfast/bus/testing';
import {
  Extension,
  type Issued,
  issue,
  makeOcspResponse,
  makePki,
  oid,
  type Pki,
  sequence,
  serverAuth,
} from '@handfast/certificates/testing';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type Program, start } from '../../testing/program.ts';

const lacks = natsServerBinary() === undefined ? ' (skipped: no nats-server)' : '';
/** Files are looked at every 5 seconds, and the certificate service is asked every 10. */
const patience = { timeout: 40_000, interval: 500 };

let folder: string;
let pki: Pki;
/** Sends back what it gets. */
let upstream: TcpServer;
let responder: Server;
/** Whom the responder knows, by the path at which it is asked about them. */
const known = new Map<string, Issued>();

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'handfast-renewal-'));
  pki = await makePki();
  upstream = createTcpServer((socket) => socket.pipe(socket).on('error', () => {})).listen(0, '127.0.0.1');
  await once(upstream, 'listening');
  responder = createServer((request, response) => {
    const certificate = known.get(request.url ?? '');
    if (certificate === undefined) response.writeHead(404).end();
    else response.end(makeOcspResponse({ certificate, issuer: pki.intermediate }));
  }).listen(0, '127.0.0.1');
  await once(responder, 'listening');
});
afterAll(async () => {
  responder.closeAllConnections();
  responder.close();
  upstream.close();
  rmSync(folder, { recursive: true, force: true });
});

const portOf = (server: Server | TcpServer): number => (server.address() as AddressInfo).port;
const file = (name: string): string => join(folder, name);

/** A server's certificate, about which the responder answers. */
async function issueServer(id: string): Promise<Issued> {
  const url = Buffer.from(`http://127.0.0.1:${portOf(responder)}/${id}`);
  const place = Uint8Array.of(0x86, url.length, ...url);
  const access = new Extension('1.3.6.1.5.5.7.1.1', false, sequence(sequence(oid('1.3.6.1.5.5.7.48.1'), place)));
  const options = { names: ['localhost'], issuer: pki.intermediate, extKeyUsage: [serverAuth], extensions: [access] };
  const issued = await issue({ ...options, subject: `CN=${id}` });
  known.set(`/${id}`, issued);
  return issued;
}

function write({ chainPem, keyPem }: Issued): void {
  writeFileSync(file('key.pem'), keyPem);
  writeFileSync(file('chain.pem'), chainPem);
}

async function connected(port: number): Promise<TLSSocket> {
  const client = connect({ host: '127.0.0.1', port, servername: 'localhost', ca: pki.root.pem });
  await once(client, 'secureConnect');
  return client.on('error', () => {});
}

async function subjectAt(port: number): Promise<string | undefined> {
  const client = await connected(port);
  const { subject } = client.getPeerCertificate();
  client.destroy();
  return Array.isArray(subject?.CN) ? subject.CN[0] : subject?.CN;
}

async function echoOn(client: TLSSocket): Promise<string> {
  client.write('still here');
  return String((await once(client, 'data'))[0]);
}

/** Renews certificate and key below a running gateway. */
async function renew(port: number, id: string): Promise<void> {
  const old = await connected(port);
  expect(await echoOn(old)).toBe('still here');
  write(await issueServer(id));
  await vi.waitFor(async () => expect(await subjectAt(port)).toBe(id), patience);
  expect(await echoOn(old)).toBe('still here');
  old.destroy();
}

const listeningPort = async (gateway: Program) => Number((await gateway.printed(/listening on 127\.0\.0\.1:(\d+)/))[1]);

describe.skipIf(lacks !== '')(`a gateway and services over NATS${lacks}`, () => {
  let nats: NatsServer;
  let services: readonly Program[];
  let gateway: Program;
  let port: number;

  beforeAll(async () => {
    write(await issueServer('first'));
    nats = await startNatsServer();
    const bus = ['--bus', nats.url];
    services = [
      start(['service', 'key-exchange', ...bus, '--key', file('key.pem')]),
      start(['service', 'certificate', ...bus, '--cert', file('chain.pem'), '--fetch', 'anywhere']),
      start(['service', 'session', ...bus]),
    ];
    gateway = start(['serve', ...bus, '--listen', '127.0.0.1:0', '--upstream', `127.0.0.1:${portOf(upstream)}`]);
    port = await listeningPort(gateway);
  }, 60_000);
  afterAll(async () => {
    await Promise.all([gateway, ...services].map((program) => program.stop('SIGTERM')));
    await nats.stop();
  });

  it.for(['-tls1_2', '-tls1_3'])('staple what the OCSP responder says, with %s', async (version) => {
    writeFileSync(file('root.pem'), pki.root.pem);
    const args = ['-connect', `127.0.0.1:${port}`, '-servername', 'localhost', '-CAfile', file('root.pem')];
    const client = promisify(execFile)('openssl', ['s_client', '-status', version, ...args]);
    client.child.stdin?.end();
    const { stdout } = await client;
    expect(stdout).toContain('OCSP Response Status: successful (0x0)');
    expect(stdout).toContain('Cert Status: good');
    expect(stdout).toContain('Verify return code: 0 (ok)');
  });

  it('take up a renewed certificate and its key, and keep the connections that are open', async () => {
    await renew(port, 'second');
    expect(services[0]?.stdout).toContain(`${file('key.pem')} has changed, and is in use`);
    expect(services[1]?.stdout).toContain(`${file('chain.pem')} has changed, and is in use`);
    expect(gateway.stdout).not.toContain('the certificates stay as they are');
  }, 60_000);
});

describe('a gateway with embedded services', () => {
  it('takes up a renewed certificate and its key, and keeps the connections that are open', async () => {
    write(await issueServer('first'));
    const pair = ['--cert', file('chain.pem'), '--key', file('key.pem')];
    const gateway = start(['serve', '--listen', '127.0.0.1:0', '--upstream', `127.0.0.1:${portOf(upstream)}`, ...pair]);
    await renew(await listeningPort(gateway), 'second');
    await gateway.stop('SIGTERM');
  }, 60_000);
});
