import { RemoteCertificateValidator, RemoteKeyExchange, RemoteSessionManager } from '@handfast/bus';
import { nativeCrypto } from '@handfast/crypto/native';
import { type ServerConfiguration, serverConfiguration } from '@handfast/handshake';
import { now } from '@handfast/tls';
import { type Answer, type AskContext, TlsError, toHex } from '@handfast/wire';
import type { RecordServiceOptions } from './options.ts';

/** Milliseconds between two tries to reach a service that is not there yet. */
const retryDelay = 500;
const reportEvery = 10;

/** The three ports, as services on the bus. */
export function portsOn({ bus }: RecordServiceOptions) {
  return {
    keyExchange: new RemoteKeyExchange(bus),
    certificates: new RemoteCertificateValidator(bus),
    sessions: new RemoteSessionManager(bus),
  };
}

/**
 * The gateway's configuration: what it was told, and the chains and authorities of the certificate service. Waits for the
 * service to be there, and says so.
 */
export async function configurationFrom(
  options: RecordServiceOptions,
  certificates: RemoteCertificateValidator,
): Promise<ServerConfiguration> {
  const credentials = options.credentials ?? (await patiently(options, (context) => certificates.credentials(context)));
  if (credentials.length === 0) {
    throw new TlsError('configuration-invalid', 'the certificate service has no certificate chain to present');
  }
  const authorities =
    options.clientAuthentication === 'none'
      ? []
      : await patiently(options, (context) => certificates.authorities(context));
  return serverConfiguration({
    crypto: nativeCrypto,
    credentials,
    authorities,
    clientAuthentication: options.clientAuthentication,
    applicationProtocols: options.applicationProtocols,
    minVersion: options.minVersion,
    maxVersion: options.maxVersion,
    ...(options.cipherSuites === undefined ? {} : { cipherSuites: options.cipherSuites }),
    ...(options.groups === undefined ? {} : { groups: options.groups }),
  });
}

/** Asks until there is an answer, for as long as the service is merely absent. */
async function patiently<T>(options: RecordServiceOptions, ask: (context: AskContext) => Answer<T>): Promise<T> {
  for (let tries = 0; ; tries += 1) {
    try {
      return await ask(startupContext());
    } catch (error) {
      if (!(error instanceof TlsError) || !absent.has(error.reason)) throw error;
      if (tries % reportEvery === 0) options.onTrouble(`waiting for the certificate service: ${error.detail}`);
      await new Promise((resolve) => setTimeout(resolve, retryDelay));
    }
  }
}

const absent: ReadonlySet<string> = new Set(['service-unavailable', 'service-timeout', 'service-busy']);

/** An ask outside of any handshake: a trace of its own, and nobody who cancels it. */
function startupContext(): AskContext {
  const traceId = nativeCrypto.randomBytes(16);
  return {
    id: toHex(traceId),
    deadline: now() + 2_000,
    traceId,
    spanId: nativeCrypto.randomBytes(8),
    report: () => {},
    onCancel: () => {},
  };
}
