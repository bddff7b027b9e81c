import { resolve } from 'node:path';
import { NatsBus, RemoteCertificateValidator } from '@handfast/bus';
import {
  contextOf,
  end,
  type ModuleProcess,
  type NatsServer,
  natsServerBinary,
  startModule,
  startNatsServer,
} from '@handfast/bus/testing';
import { makePki, type Pki } from '@handfast/certificates/testing';
import { nativeCrypto } from '@handfast/crypto/native';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const code = `
  import { startCertificateService } from '@handfast/certificate-service';
  const { BUS: bus, ANCHOR: anchor, CHAIN: chain } = process.env;
  const service = await startCertificateService({ bus, anchors: [anchor], chains: [chain], log: console.error });
  console.log(service.instance);
`;

describe.skipIf(natsServerBinary() === undefined)('the certificate service, as a process of its own', () => {
  let pki: Pki;
  let server: NatsServer;
  let service: ModuleProcess;
  let bus: NatsBus;
  let remote: RemoteCertificateValidator;

  beforeAll(async () => {
    pki = await makePki({ kinds: ['ecdsa-p256'] });
    server = await startNatsServer();
    service = await start(pki.server.chainPem);
    bus = await NatsBus.connect({ servers: server.url, crypto: nativeCrypto });
    remote = new RemoteCertificateValidator(bus);
  });
  afterAll(async () => {
    await bus.close();
    await end(service.child);
    await server.stop();
  });

  function start(chain: string): Promise<ModuleProcess> {
    const folder = resolve(import.meta.dirname, '..');
    return startModule(folder, code, { BUS: server.url, ANCHOR: pki.root.pem, CHAIN: chain });
  }

  it('knows the chain that it was started with', async () => {
    const [credential] = await remote.credentials(contextOf());
    expect(credential?.chain).toEqual(pki.server.chain.map((certificate) => Uint8Array.from(certificate)));
  });

  it('trusts what its anchors vouch for, and nothing else', async () => {
    const validate = (chain: readonly Uint8Array[]) => {
      const rest = { ocspResponse: undefined, signedCertificateTimestamps: [] };
      const request = { chain, purpose: 'server', serverName: 'localhost', time: Date.now(), ...rest } as const;
      return remote.validate(request, contextOf());
    };
    expect(await validate(pki.server.chain)).toMatchObject({ trusted: true });
    const { server: stranger } = await makePki({ kinds: ['ecdsa-p256'] });
    expect(await validate(stranger.chain)).toMatchObject({ trusted: false });
  });

  it('does not start with a chain that it cannot use', async () => {
    await expect(start('no certificate')).rejects.toThrow(/configuration-invalid/);
  });
});
