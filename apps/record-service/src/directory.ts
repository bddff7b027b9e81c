import { RemoteCertificateValidator, RemoteKeyExchange, RemoteSessionManager } from '@handfast/bus';
import { nativeCrypto } from '@handfast/crypto/native';
import { type ServerConfiguration, serverConfiguration } from '@handfast/handshake';
import { certificateCompression, now } from '@handfast/tls';
import { type Answer, type AskContext, TlsError, toHex } from '@handfast/wire';
import type { RecordServiceOptions } from './options.ts';
import { patiently } from './patience.ts';

/** The three ports, as services on the bus. */
export function portsOn({ bus }: RecordServiceOptions) {
  return {
    keyExchange: new RemoteKeyExchange(bus),
    certificates: new RemoteCertificateValidator(bus),
    sessions: new RemoteSessionManager(bus),
  };
}

/**
 * The gateway's configuration: what it was told, and the chains and authorities of the certificate service. Waits for that
 * and for the key exchange service, so that the first handshakes do not fail for want of one.
 */
export async function configurationFrom(
  options: RecordServiceOptions,
  { certificates, keyExchange }: ReturnType<typeof portsOn>,
): Promise<ServerConfiguration> {
  const complain = (trouble: string) => options.onTrouble(trouble);
  const ask = <T>(service: string, question: (context: AskContext) => Answer<T>) =>
    patiently(`the ${service} service`, () => question(startupContext()), complain);
  await ask('key exchange', (context) => keyExchange.offer({ groups: [] }, context));
  const credentials = options.credentials ?? (await ask('certificate', (context) => certificates.credentials(context)));
  if (credentials.length === 0) {
    throw new TlsError('configuration-invalid', 'the certificate service has no certificate chain to present');
  }
  const authorities =
    options.clientAuthentication === 'none'
      ? []
      : await ask('certificate', (context) => certificates.authorities(context));
  return serverConfiguration({
    crypto: nativeCrypto,
    credentials,
    authorities,
    clientAuthentication: options.clientAuthentication,
    applicationProtocols: options.applicationProtocols,
    minVersion: options.minVersion,
    maxVersion: options.maxVersion,
    maxEarlyData: options.maxEarlyData ?? 0,
    certificateCompression,
    ...(options.cipherSuites === undefined ? {} : { cipherSuites: options.cipherSuites }),
    ...(options.groups === undefined ? {} : { groups: options.groups }),
  });
}

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
