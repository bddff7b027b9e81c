import { ed25519 } from '@noble/curves/ed25519.js';
import { DerTag, encodeDer, encodeInteger } from '../der.ts';
import { ecdsaPublicPoint } from './ecdsa.ts';
import type { PrivateKeyInfo } from './private-key-info.ts';

/** SubjectPublicKeyInfo, DER, of the public half of a key. */
export function encodePublicKeyInfo(key: PrivateKeyInfo): Uint8Array {
  return encodeDer(
    DerTag.sequence,
    encodeDer(DerTag.sequence, key.algorithm),
    encodeDer(DerTag.bitString, new Uint8Array(1), encodePublicKey(key)),
  );
}

function encodePublicKey(key: PrivateKeyInfo): Uint8Array {
  switch (key.kind) {
    case 'rsa':
    case 'rsa-pss':
      return encodeDer(DerTag.sequence, encodeInteger(key.modulus), encodeInteger(key.publicExponent));
    case 'ed25519':
      return ed25519.getPublicKey(key.seed);
    default:
      return ecdsaPublicPoint(key.kind, key.scalar);
  }
}
