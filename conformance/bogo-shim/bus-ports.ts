import {
  hostCertificates,
  hostKeyExchange,
  hostSessions,
  NatsBus,
  RemoteCertificateValidator,
  RemoteKeyExchange,
  RemoteSessionManager,
} from '@handfast/bus';
import { nativeCrypto } from '@handfast/crypto/native';
import type { Ports } from '@handfast/handshake';
import { SealedContinuations } from '@handfast/key-exchange';
import type { Settings } from './arguments.ts';
import { accountOf, busVariable } from './bus-account.ts';
import type { Clock } from './clock.ts';
import { localPorts } from './ports.ts';
import { withTicketStock } from './ticket-stock.ts';

export interface BusPorts {
  readonly ports: Ports;
  close(): Promise<void>;
}

/**
 * The same ports behind NATS: services with this test's keys at one end, all asks from another. Each shim has an account
 * of its own on the server (`with-bus.ts`), so that it does not hear those that run beside it.
 */
export async function busPorts(all: readonly Settings[], clock: Clock, shimId: number): Promise<BusPorts> {
  const url = process.env[busVariable];
  if (url === undefined) throw new Error(`--bus, but ${busVariable} is not set: start the runner by with-bus.ts`);
  const options = { servers: accountOf(url, shimId), crypto: nativeCrypto };
  const [services, gateway] = await Promise.all([NatsBus.connect(options), NatsBus.connect(options)]);
  const secret = nativeCrypto.randomBytes(32);
  const continuations = new SealedContinuations({ crypto: nativeCrypto, secret, now: Date.now });
  const earlyData = all.some((settings) => settings['-enable-early-data']);
  const earlyDataClaims = earlyData ? await services.earlyDataClaims() : undefined;
  const local = localPorts(all, clock, { continuations, earlyDataClaims });
  await Promise.all([
    hostKeyExchange(services, local.keyExchange),
    hostCertificates(services, local.certificates),
    hostSessions(services, local.sessions),
  ]);
  const sessions = new RemoteSessionManager(gateway);
  const server = all.some((settings) => settings['-server']);
  return {
    ports: {
      keyExchange: new RemoteKeyExchange(gateway),
      certificates: new RemoteCertificateValidator(gateway),
      sessions: server ? await withTicketStock(sessions) : sessions,
    },
    close: async () => {
      await gateway.close();
      await services.close();
    },
  };
}
