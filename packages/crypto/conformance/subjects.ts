import * as nodeCrypto from 'node:crypto';
import { ml_kem768 } from '@noble/post-quantum/ml-kem.js';
import { DerTag, encodeDer } from '../src/der.ts';
import { type CryptoProvider, createPortableCrypto } from '../src/index.ts';
import type { MlKem768 } from '../src/ml-kem.ts';
import { nativeCrypto } from '../src/native/index.ts';
import { nativeMlKem768 } from '../src/native/ml-kem.ts';
import { hasRawMlKem } from '../src/native/raw-keys.ts';
import { portableMlKem768 } from '../src/portable/ml-kem.ts';

/** An implementation under test: the provider, and the ML-KEM that its hybrid group is made of. */
export interface Subject {
  readonly crypto: CryptoProvider;
  readonly mlKem: {
    /** Whether encapsulation takes its randomness from `withMessage`, so that its output can be compared. */
    readonly isDeterministic: boolean;
    /** Encapsulates with `message`, m of FIPS 203 section 7.2, where it is deterministic. */
    withMessage(message: Uint8Array): MlKem768;
    /** Decapsulates with a key that is expanded, which TLS never has; the library beneath does it. */
    decapsulateExpanded(decapsulationKey: Uint8Array, ciphertext: Uint8Array): Uint8Array;
  };
}

const portableMlKem: Subject['mlKem'] = {
  isDeterministic: true,
  withMessage: (message) => portableMlKem768(() => message),
  decapsulateExpanded: (decapsulationKey, ciphertext) => ml_kem768.decapsulate(ciphertext, decapsulationKey),
};

const mlKem768Oid = Uint8Array.of(0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x04, 0x02);

const nativeMlKem: Subject['mlKem'] = {
  isDeterministic: false,
  withMessage: () => nativeMlKem768,
  decapsulateExpanded(decapsulationKey, ciphertext) {
    const key = encodeDer(
      DerTag.sequence,
      encodeDer(DerTag.integer, Uint8Array.of(0)),
      encodeDer(DerTag.sequence, encodeDer(DerTag.objectIdentifier, mlKem768Oid)),
      encodeDer(DerTag.octetString, encodeDer(DerTag.octetString, decapsulationKey)),
    );
    const privateKey = nodeCrypto.createPrivateKey({ key: Buffer.from(key), format: 'der', type: 'pkcs8' });
    return nodeCrypto.decapsulate(privateKey, ciphertext);
  },
};

export const subjects: readonly Subject[] = [
  { crypto: nativeCrypto, mlKem: hasRawMlKem ? nativeMlKem : portableMlKem },
  { crypto: createPortableCrypto((length) => Uint8Array.from(nodeCrypto.randomBytes(length))), mlKem: portableMlKem },
];
