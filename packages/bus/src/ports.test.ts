import { LocalCertificateValidator } from '@handfast/certificates';
import { certificateValidatorPortTests } from '@handfast/certificates/port-suite';
import { nativeCrypto } from '@handfast/crypto/native';
import { keyExchangePortTests } from '@handfast/key-exchange/port-suite';
import { LocalSessionManager } from '@handfast/sessions';
import { sessionManagerPortTests } from '@handfast/sessions/port-suite';
import { afterAll, beforeAll, describe } from 'vitest';
import { type NatsServer, natsServerBinary, startNatsServer } from '../testing/index.ts';
import { keyExchangeWith } from '../testing/key-exchanges.ts';
import type { Bus } from './bus.ts';
import { EmbeddedBus } from './embedded-bus.ts';
import { hostCertificates, hostKeyExchange, hostSessions } from './host.ts';
import { NatsBus } from './nats/nats-bus.ts';
import { RemoteCertificateValidator } from './remote-certificate-validator.ts';
import { RemoteKeyExchange } from './remote-key-exchange.ts';
import { RemoteSessionManager } from './remote-session-manager.ts';

/** The two ends of a bus: where services are hosted, and where they are asked. */
interface Ends {
  readonly host: Bus;
  readonly asker: Bus;
  close(): Promise<void>;
}

describe('over an EmbeddedBus', () => {
  portTests(async () => {
    const bus = new EmbeddedBus();
    return { host: bus, asker: bus, close: () => bus.close() };
  });
});

describe.skipIf(natsServerBinary() === undefined)('over NATS', () => {
  let server: NatsServer;
  beforeAll(async () => {
    server = await startNatsServer();
  });
  afterAll(() => server.stop());

  portTests(async () => {
    const connect = () => NatsBus.connect({ servers: server.url, crypto: nativeCrypto });
    const [host, asker] = await Promise.all([connect(), connect()]);
    const close = async () => {
      await Promise.all([host.close(), asker.close()]);
    };
    return { host, asker, close };
  });
});

function portTests(connect: () => Promise<Ends>): void {
  keyExchangePortTests('RemoteKeyExchange', async (pkcs8) => {
    const { host, asker, close } = await connect();
    await hostKeyExchange(host, keyExchangeWith(pkcs8));
    return { keyExchange: new RemoteKeyExchange(asker), close };
  });

  certificateValidatorPortTests('RemoteCertificateValidator', async (holdings) => {
    const { host, asker, close } = await connect();
    await hostCertificates(host, new LocalCertificateValidator({ crypto: nativeCrypto, ...holdings }));
    return { validator: new RemoteCertificateValidator(asker), close };
  });

  sessionManagerPortTests('RemoteSessionManager', async (settings) => {
    const { host, asker, close } = await connect();
    await hostSessions(host, new LocalSessionManager(settings));
    return { sessions: new RemoteSessionManager(asker), close };
  });
}
