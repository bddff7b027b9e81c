import { equal } from '../equal.ts';
import { groupOperations } from '../groups.ts';
import type { CryptoProvider } from '../provider.ts';
import { PortableAead } from './aead.ts';
import { PortableCbc } from './cbc.ts';
import { portableFiniteField } from './ffdhe.ts';
import { hash, hmac, PortableRunningHash } from './hash.ts';
import { importPrivateKey, importPublicKey } from './keys.ts';
import { portableMlKem } from './ml-kem.ts';
import { portableNistCurve } from './nist-curves.ts';
import type { RandomBytes } from './random-bytes.ts';
import { portableX25519 } from './x25519.ts';

export type { RandomBytes } from './random-bytes.ts';

/**
 * The provider over @noble/*, for where there is no node:crypto. It is some twenty times slower than the native one,
 * and what a JavaScript engine does with BigInt takes a time that depends on the values: RSA signatures are blinded
 * for that reason, but where node:crypto exists, the native provider is the one to use.
 * @param randomBytes a cryptographically secure source; `length` fresh bytes at each call.
 */
export function createPortableCrypto(randomBytes: RandomBytes): CryptoProvider {
  return {
    name: 'portable',
    randomBytes,
    hash,
    runningHash: (hash) => new PortableRunningHash(hash),
    hmac,
    aead: (name, key) => new PortableAead(name, key),
    cbc: (name, key) => new PortableCbc(name, key),
    ...groupOperations({
      x25519: portableX25519(randomBytes),
      nistCurve: (curve) => portableNistCurve(curve, randomBytes),
      finiteField: (group) => portableFiniteField(group, randomBytes),
      mlKem: (name) => portableMlKem(name, randomBytes),
    }),
    importPrivateKey: (pkcs8) => importPrivateKey(pkcs8, randomBytes),
    importPublicKey: (spki) => importPublicKey(spki, randomBytes),
    equal,
  };
}
