import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { EmbeddedBus, hostCertificates, hostKeyExchange, hostSessions } from '@handfast/bus';
import { type CertificateValidator, type Credential, credentialFromChain } from '@handfast/certificates';
import { type Issued, issue, makeOcspResponse, makePki, type Pki, serverAuth } from '@handfast/certificates/testing';
import { nativeCrypto } from '@handfast/crypto/native';
import { LocalKeyExchange } from '@handfast/key-exchange';
import { LocalSessionManager } from '@handfast/sessions';
import { TlsError } from '@handfast/wire';
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { RecordService, RecordServiceOptions } from './options.ts';
import { startRecordService } from './record-service.ts';

let pki: Pki;
let renewed: Issued;
/** What the certificate service answers. */
let credentials: () => readonly Credential[];
let troubles: string[];
let upstream: Server;
const cleanUps: (() => unknown)[] = [];

beforeAll(async () => {
  pki = await makePki();
  renewed = await issue({ names: ['localhost'], issuer: pki.intermediate, extKeyUsage: [serverAuth] });
});
beforeEach(async () => {
  credentials = () => [credentialOf(pki.server)];
  troubles = [];
  upstream = createServer((socket: Socket) => socket.pipe(socket)).listen(0, '127.0.0.1');
  await once(upstream, 'listening');
});
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
  upstream.close();
});

const credentialOf = ({ chain }: Issued) => credentialFromChain(nativeCrypto, chain);

/** A gateway whose key exchange has the keys of these. */
async function start(keyHolders: readonly Issued[], more: Partial<RecordServiceOptions> = {}): Promise<RecordService> {
  const crypto = nativeCrypto;
  const bus = new EmbeddedBus();
  const validator: CertificateValidator = {
    validate: () => {
      throw new Error('nobody is to be judged');
    },
    credentials: () => credentials(),
    authorities: () => [],
  };
  const keys = keyHolders.map(({ pkcs8 }) => crypto.importPrivateKey(pkcs8));
  await hostKeyExchange(bus, new LocalKeyExchange({ crypto, keys }));
  await hostCertificates(bus, validator);
  await hostSessions(bus, new LocalSessionManager({ crypto, now: Date.now }));
  const service = await startRecordService({
    bus,
    listen: { host: '127.0.0.1', port: 0 },
    upstream: { host: '127.0.0.1', port: (upstream.address() as AddressInfo).port },
    clientAuthentication: 'none',
    applicationProtocols: [],
    minVersion: 'tls12',
    maxVersion: 'tls13',
    directoryInterval: 5,
    onTimeline: () => {},
    onTrouble: (trouble) => void troubles.push(trouble),
    ...more,
  });
  cleanUps.push(() => service.stop(0));
  return service;
}

async function connect({ address }: RecordService, requestOCSP = false): Promise<TLSSocket> {
  const client = connectTls({ ...address, servername: 'localhost', ca: pki.root.pem, requestOCSP });
  client.on('error', () => {});
  cleanUps.push(() => client.destroy());
  await once(client, 'secureConnect');
  return client;
}

/** The certificate that a new connection is shown. */
async function shownBy(service: RecordService): Promise<Uint8Array> {
  const client = await connect(service);
  const { raw } = client.getPeerCertificate();
  client.destroy();
  return Uint8Array.from(raw);
}

describe('what the gateway presents', () => {
  it('is the renewed chain for new connections, while one that was open goes on', async () => {
    const service = await start([pki.server, renewed]);
    const old = await connect(service);
    credentials = () => [credentialOf(renewed)];
    await vi.waitFor(async () => expect(await shownBy(service)).toEqual(renewed.der));
    old.write('still here');
    expect(String((await once(old, 'data'))[0])).toBe('still here');
    expect(troubles).toEqual([]);
  });

  it('has the staple that came later', async () => {
    const service = await start([pki.server]);
    const ocspResponse = makeOcspResponse({ certificate: pki.server, issuer: pki.intermediate });
    credentials = () => [{ ...credentialOf(pki.server), ocspResponse }];
    await vi.waitFor(async () => {
      const client = connectTls({ ...service.address, servername: 'localhost', ca: pki.root.pem, requestOCSP: true });
      const [staple] = await once(client, 'OCSPResponse');
      client.destroy();
      expect(staple).toEqual(Buffer.from(ocspResponse));
    });
  });

  it('stays where nobody has the key of a new chain, which is told of once', async () => {
    const service = await start([pki.server]);
    credentials = vi.fn(() => [credentialOf(renewed)]);
    await vi.waitFor(() => expect(vi.mocked(credentials).mock.calls.length).toBeGreaterThan(3));
    expect(await shownBy(service)).toEqual(pki.server.der);
    expect(troubles).toEqual([
      expect.stringMatching(/^the certificates stay as they are: no private key with key ID [0-9a-f]{64} here/),
    ]);
  });

  it.for<[string, () => readonly Credential[]]>([
    [
      'does not answer',
      () => {
        throw new TlsError('service-busy', 'too much to do');
      },
    ],
    ['has no chain any more', () => []],
  ])(
    'stays where the certificate service %s, which is told of once, and is new when it does again',
    async ([, answer]) => {
      const service = await start([pki.server, renewed]);
      credentials = vi.fn(answer);
      await vi.waitFor(() => expect(vi.mocked(credentials).mock.calls.length).toBeGreaterThan(3));
      expect(await shownBy(service)).toEqual(pki.server.der);
      expect(troubles).toEqual([expect.stringMatching(/^the certificates stay as they are: /)]);
      credentials = () => [credentialOf(renewed)];
      await vi.waitFor(async () => expect(await shownBy(service)).toEqual(renewed.der));
    },
  );

  it('is asked for no more once the gateway stops', async () => {
    const service = await start([pki.server]);
    await service.stop(0);
    credentials = vi.fn(() => []);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(credentials).not.toHaveBeenCalled();
  });

  it('is what the gateway was told, which may change too', async () => {
    let own = [credentialOf(renewed)];
    const service = await start([pki.server, renewed], { credentials: () => own });
    expect(await shownBy(service)).toEqual(renewed.der);
    own = [credentialOf(pki.server)];
    await vi.waitFor(async () => expect(await shownBy(service)).toEqual(pki.server.der));
  });
});
