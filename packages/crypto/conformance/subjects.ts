import * as nodeCrypto from 'node:crypto';
import { ml_kem768, ml_kem1024 } from '@noble/post-quantum/ml-kem.js';
import { DerTag, encodeDer } from '../src/der.ts';
import { type CryptoProvider, createPortableCrypto } from '../src/index.ts';
import type { MlKem, MlKemName } from '../src/ml-kem.ts';
import { nativeCrypto } from '../src/native/index.ts';
import { nativeMlKem } from '../src/native/ml-kem.ts';
import { hasRawMlKem } from '../src/native/raw-keys.ts';
import { portableMlKem } from '../src/portable/ml-kem.ts';

/** An implementation under test: the provider, and the ML-KEM that its groups are made of. */
export interface Subject {
  readonly crypto: CryptoProvider;
  readonly mlKem: {
    /** Whether encapsulation takes its randomness from `withMessage`, so that its output can be compared. */
    readonly isDeterministic: boolean;
    /** Encapsulates with `message`, m of FIPS 203 section 7.2, where it is deterministic. */
    withMessage(name: MlKemName, message: Uint8Array): MlKem;
    /** Decapsulates with a key that is expanded, which TLS never has; the library beneath does it. */
    decapsulateExpanded(name: MlKemName, decapsulationKey: Uint8Array, ciphertext: Uint8Array): Uint8Array;
  };
}

const noble = { 'ML-KEM-768': ml_kem768, 'ML-KEM-1024': ml_kem1024 } as const;

const portable: Subject['mlKem'] = {
  isDeterministic: true,
  withMessage: (name, message) => portableMlKem(name, () => message),
  decapsulateExpanded: (name, decapsulationKey, ciphertext) => noble[name].decapsulate(ciphertext, decapsulationKey),
};

/** id-alg-ml-kem-768 and its like differ in the last number. */
const lastOfOid = { 'ML-KEM-768': 2, 'ML-KEM-1024': 3 } as const;

const native: Subject['mlKem'] = {
  isDeterministic: false,
  withMessage: nativeMlKem,
  decapsulateExpanded(name, decapsulationKey, ciphertext) {
    const oid = Uint8Array.of(0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x04, lastOfOid[name]);
    const key = encodeDer(
      DerTag.sequence,
      encodeDer(DerTag.integer, Uint8Array.of(0)),
      encodeDer(DerTag.sequence, encodeDer(DerTag.objectIdentifier, oid)),
      encodeDer(DerTag.octetString, encodeDer(DerTag.octetString, decapsulationKey)),
    );
    const privateKey = nodeCrypto.createPrivateKey({ key: Buffer.from(key), format: 'der', type: 'pkcs8' });
    return nodeCrypto.decapsulate(privateKey, ciphertext);
  },
};

export const subjects: readonly Subject[] = [
  { crypto: nativeCrypto, mlKem: hasRawMlKem ? native : portable },
  { crypto: createPortableCrypto((length) => Uint8Array.from(nodeCrypto.randomBytes(length))), mlKem: portable },
];
