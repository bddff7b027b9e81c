import { hostKeyExchange, NatsBus, type RunningService } from '@handfast/bus';
import { decodePrivateKeyPem } from '@handfast/certificates';
import type { CryptoProvider } from '@handfast/crypto';
import { nativeCrypto } from '@handfast/crypto/native';
import { LocalKeyExchange } from '@handfast/key-exchange';
import { continuationSecret } from './continuation-secret.ts';
import { KeyFiles } from './key-files.ts';
import { ReloadingKeyExchange } from './reloading-key-exchange.ts';
import { RotatingContinuations } from './rotating-continuations.ts';

export { KeyFiles, type KeyFilesOptions } from './key-files.ts';
export { ReloadingKeyExchange } from './reloading-key-exchange.ts';

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
  /** More of them, as PEM files, which are read again when they change; what they replace stays in use for ten minutes. */
  readonly files?: readonly string[] | undefined;
  readonly crypto?: CryptoProvider | undefined;
  /** Gets a line for each fault of the service. */
  readonly log?: ((line: string) => void) | undefined;
}

/** How often files are looked at, in milliseconds. */
const lookInterval = 5_000;

/**
 * Starts an instance of the key exchange service: the one place that has the private keys.
 * @throws TlsError `configuration-invalid` for a key that cannot be used, `service-unavailable` where no NATS server
 * answers.
 */
export async function startKeyExchangeService(options: KeyExchangeServiceOptions): Promise<RunningService> {
  const { bus: servers, busSecret, crypto = nativeCrypto, log } = options;
  const given = options.keys.map(decodePrivateKeyPem);
  const givenKeys = given.map((key) => crypto.importPrivateKey(key));
  const files = new KeyFiles({ crypto, paths: options.files ?? [], log, now: Date.now });
  const secret = () => continuationSecret(crypto, [...given, ...files.pkcs8]);
  const continuations = new RotatingContinuations(crypto, secret(), Date.now);
  const withKeys = () => {
    continuations.rotate(secret());
    return new LocalKeyExchange({ crypto, keys: [...givenKeys, ...files.keys], continuations });
  };
  const keyExchange = new ReloadingKeyExchange(files, withKeys, Date.now);
  const bus = await NatsBus.connect({ servers, crypto, secret: busSecret, name: 'handfast key exchange service' });
  await hostKeyExchange(bus, keyExchange, { onError: (error) => log?.(`key-exchange: ${String(error)}`) });
  const timer = setInterval(() => keyExchange.reload(), lookInterval).unref();
  return {
    instance: bus.instance,
    stop: () => {
      clearInterval(timer);
      return bus.close();
    },
  };
}
