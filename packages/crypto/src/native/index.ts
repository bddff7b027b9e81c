import { timingSafeEqual } from 'node:crypto';
import { groupOperations } from '../groups.ts';
import { portableMlKem768 } from '../portable/ml-kem.ts';
import type { CryptoProvider } from '../provider.ts';
import { x25519MlKem768 } from '../x25519mlkem768.ts';
import { NativeAead } from './aead.ts';
import { NativeCbc } from './cbc.ts';
import { NativeCcm } from './ccm.ts';
import { ffdheAgreements } from './ffdhe.ts';
import { hash, hmac, NativeRunningHash } from './hash.ts';
import { importPrivateKey, importPublicKey } from './keys.ts';
import { nativeMlKem768 } from './ml-kem.ts';
import { nistAgreements } from './nist-curves.ts';
import { randomBytes } from './random.ts';
import { hasRawMlKem } from './raw-keys.ts';
import { x25519 } from './x25519.ts';

const mlKem = hasRawMlKem ? nativeMlKem768 : portableMlKem768(randomBytes);

/** The provider over node:crypto, the default. ML-KEM comes from @noble/post-quantum on a Node that has none. */
export const nativeCrypto: CryptoProvider = {
  name: 'native',
  randomBytes,
  hash,
  runningHash: (hash) => new NativeRunningHash(hash),
  hmac,
  aead: (name, key) => (name.includes('ccm') ? new NativeCcm(name, key) : new NativeAead(name, key)),
  cbc: (name, key) => new NativeCbc(name, key),
  ...groupOperations([x25519MlKem768(mlKem, x25519), x25519, ...nistAgreements, ...ffdheAgreements]),
  importPrivateKey,
  importPublicKey,
  equal: (a, b) => a.length === b.length && timingSafeEqual(a, b),
};
