import { nativeCrypto } from '@handfast/crypto/native';
import { type KeyExchange, LocalKeyExchange, SealedContinuations } from '@handfast/key-exchange';

/** A key exchange to host, with these private keys. */
export function keyExchangeWith(pkcs8: readonly Uint8Array[], secret = nativeCrypto.randomBytes(32)): LocalKeyExchange {
  return new LocalKeyExchange({
    crypto: nativeCrypto,
    keys: pkcs8.map((key) => nativeCrypto.importPrivateKey(key)),
    continuations: new SealedContinuations({ crypto: nativeCrypto, secret, now: Date.now }),
  });
}

/** One whose `offer` answers after `passed`. */
export function later(port: LocalKeyExchange, passed: Promise<void>): KeyExchange {
  return offering((request, context) => passed.then(() => port.offer(request, context)));
}

/** One whose `offer` throws. */
export function failing(error: Error): KeyExchange {
  return offering(() => {
    throw error;
  });
}

/** One that has `offer` and nothing else. */
export function offering(offer: KeyExchange['offer']): KeyExchange {
  const unused = () => {
    throw new Error('not used here');
  };
  return { offer, respond: unused, startServer: unused, agree: unused, sign: unused, decrypt: unused };
}
