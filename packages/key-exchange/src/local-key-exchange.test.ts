import { createPrivateKey, generateKeyPairSync } from 'node:crypto';
import { inspect } from 'node:util';
import { nativeCrypto } from '@handfast/crypto/native';
import type { AskContext } from '@handfast/wire';
import { describe, expect, it } from 'vitest';
import type { HostedAskContext } from './continuations.ts';
import { LocalKeyExchange } from './local-key-exchange.ts';
import { keyExchangePortTests } from './port.suite.ts';
import type { KeyExchange } from './port.ts';
import { SealedContinuations } from './sealed-continuations.ts';

const importKeys = (pkcs8: readonly Uint8Array[]) => pkcs8.map((key) => nativeCrypto.importPrivateKey(key));

keyExchangePortTests('LocalKeyExchange that holds its continuations', (pkcs8) => ({
  keyExchange: new LocalKeyExchange({ crypto: nativeCrypto, keys: importKeys(pkcs8) }),
}));

keyExchangePortTests('LocalKeyExchange that seals its continuations', (pkcs8) => {
  const secret = nativeCrypto.randomBytes(32);
  const continuations = new SealedContinuations({ crypto: nativeCrypto, secret, now: Date.now });
  const local = new LocalKeyExchange({ crypto: nativeCrypto, keys: importKeys(pkcs8), continuations });
  return { keyExchange: calledBy(new Uint8Array(32).fill(1), local) };
});

describe('LocalKeyExchange', () => {
  it('shows no key to inspect', () => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const key = nativeCrypto.importPrivateKey(privateKey.export({ format: 'der', type: 'pkcs8' }));
    const text = inspect(new LocalKeyExchange({ crypto: nativeCrypto, keys: [key] }), {
      depth: null,
      showHidden: true,
    });
    const { d } = createPrivateKey({ key: privateKey.export({ format: 'jwk' }), format: 'jwk' }).export({
      format: 'jwk',
    });
    expect(text).not.toContain(
      Buffer.from(d ?? '', 'base64url')
        .toString('hex')
        .slice(0, 16),
    );
    expect(text).not.toMatch(/Uint8Array|Buffer/);
  });
});

/** The port as a host gives it to one of its callers. */
function calledBy(caller: Uint8Array, local: LocalKeyExchange): KeyExchange {
  const hosted = (context: AskContext): HostedAskContext => ({ ...context, caller });
  return {
    respond: (request, context) => local.respond(request, hosted(context)),
    startServer: (request, context) => local.startServer(request, hosted(context)),
    offer: (request, context) => local.offer(request, hosted(context)),
    agree: (request, context) => local.agree(request, hosted(context)),
    sign: (request, context) => local.sign(request, hosted(context)),
    decrypt: (request) => local.decrypt(request),
  };
}
