import { hostKeyExchange, NatsBus, type RunningService } from '@handfast/bus';
import { decodePrivateKeyPem } from '@handfast/certificates';
import type { CryptoProvider } from '@handfast/crypto';
import { nativeCrypto } from '@handfast/crypto/native';
import { LocalKeyExchange, SealedContinuations } from '@handfast/key-exchange';
import { continuationSecret } from './continuation-secret.ts';

export interface KeyExchangeServiceOptions {
  /** Of the NATS server, such as `nats://127.0.0.1:4222`. */
  readonly bus: string;
  /** What all ends of the bus share; see NatsBus. */
  readonly busSecret?: Uint8Array | undefined;
  /**
   * Private keys of certificates: PEM texts, each of one key. All instances have the same ones, so that any of them can go
   * on where another began.
   */
  readonly keys: readonly string[];
  readonly crypto?: CryptoProvider | undefined;
  /** Gets a line for each fault of the service. */
  readonly log?: ((line: string) => void) | undefined;
}

/**
 * Starts an instance of the key exchange service: the one place that has the private keys.
 * @throws TlsError `configuration-invalid` for a key that cannot be used, `service-unavailable` where no NATS server
 * answers.
 */
export async function startKeyExchangeService(options: KeyExchangeServiceOptions): Promise<RunningService> {
  const { bus: servers, busSecret, crypto = nativeCrypto, log } = options;
  const pkcs8 = options.keys.map(decodePrivateKeyPem);
  const secret = continuationSecret(crypto, pkcs8);
  const keyExchange = new LocalKeyExchange({
    crypto,
    keys: pkcs8.map((key) => crypto.importPrivateKey(key)),
    continuations: new SealedContinuations({ crypto, secret, now: Date.now }),
  });
  const bus = await NatsBus.connect({ servers, crypto, secret: busSecret, name: 'handfast key exchange service' });
  await hostKeyExchange(bus, keyExchange, { onError: (error) => log?.(`key-exchange: ${String(error)}`) });
  return { instance: bus.instance, stop: () => bus.close() };
}
