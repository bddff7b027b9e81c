import { timingSafeEqual } from 'node:crypto';
import { groupOperations } from '../groups.ts';
import { portableMlKem } from '../portable/ml-kem.ts';
import type { CryptoProvider } from '../provider.ts';
import { NativeAead } from './aead.ts';
import { NativeCbc } from './cbc.ts';
import { NativeCcm } from './ccm.ts';
import { finiteField } from './ffdhe.ts';
import { hash, hmac, NativeRunningHash } from './hash.ts';
import { importPrivateKey, importPublicKey } from './keys.ts';
import { nativeMlKem } from './ml-kem.ts';
import { nistCurve } from './nist-curves.ts';
import { randomBytes } from './random.ts';
import { hasRawMlKem } from './raw-keys.ts';
import { x25519 } from './x25519.ts';

/** The provider over node:crypto, the default. ML-KEM comes from @noble/post-quantum on a Node that has none. */
export const nativeCrypto: CryptoProvider = {
  name: 'native',
  randomBytes,
  hash,
  runningHash: (hash) => new NativeRunningHash(hash),
  hmac,
  aead: (name, key) => (name.includes('ccm') ? new NativeCcm(name, key) : new NativeAead(name, key)),
  cbc: (name, key) => new NativeCbc(name, key),
  ...groupOperations({
    x25519,
    nistCurve,
    finiteField,
    mlKem: (name) => (hasRawMlKem ? nativeMlKem(name) : portableMlKem(name, randomBytes)),
  }),
  importPrivateKey,
  importPublicKey,
  equal: (a, b) => a.length === b.length && timingSafeEqual(a, b),
};
