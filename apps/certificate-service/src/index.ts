import { hostCertificates, NatsBus, type RunningService } from '@handfast/bus';
import { credentialFromChain, decodePem, LocalCertificateValidator } from '@handfast/certificates';
import type { CryptoProvider } from '@handfast/crypto';
import { nativeCrypto } from '@handfast/crypto/native';

export interface CertificateServiceOptions {
  /** Of the NATS server, such as `nats://127.0.0.1:4222`. */
  readonly bus: string;
  /** What all ends of the bus share; see NatsBus. */
  readonly busSecret?: Uint8Array | undefined;
  /** The certificates that are trusted: PEM texts, each of one or more. */
  readonly anchors: readonly string[];
  /** The chains that gateways may present, in order of preference: PEM texts, each of one chain, end entity first. */
  readonly chains: readonly string[];
  readonly crypto?: CryptoProvider | undefined;
  /** Gets a line for each fault of the service. */
  readonly log?: ((line: string) => void) | undefined;
}

/**
 * Starts an instance of the certificate service: it validates the chains of peers, and knows our own.
 * @throws TlsError `configuration-invalid` for an anchor or a chain that cannot be used, `service-unavailable` where no
 * NATS server answers.
 */
export async function startCertificateService(options: CertificateServiceOptions): Promise<RunningService> {
  const { bus: servers, busSecret: secret, crypto = nativeCrypto, log } = options;
  const validator = new LocalCertificateValidator({
    crypto,
    anchors: options.anchors.flatMap(certificates),
    credentials: options.chains.map((chain) => credentialFromChain(crypto, certificates(chain))),
  });
  const bus = await NatsBus.connect({ servers, crypto, secret, name: 'handfast certificate service' });
  await hostCertificates(bus, validator, { onError: (error) => log?.(`certificate: ${String(error)}`) });
  return { instance: bus.instance, stop: () => bus.close() };
}

function certificates(pem: string): readonly Uint8Array[] {
  return decodePem(pem, 'CERTIFICATE');
}
