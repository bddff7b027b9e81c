/** The parameter sets of FIPS 203 that TLS has groups of. */
export type MlKemName = 'ML-KEM-768' | 'ML-KEM-1024';

/** ML-KEM (FIPS 203) with one parameter set, as a provider implements it. */
export interface MlKem {
  readonly name: MlKemName;
  generate(): MlKemKey;
  /** The key pair of the 64-byte seed `d ‖ z`. */
  fromSeed(seed: Uint8Array): MlKemKey;
  /** @throws TlsError `invalid-key-share` when the key fails the modulus check of FIPS 203 section 7.2. */
  encapsulate(encapsulationKey: Uint8Array): { readonly ciphertext: Uint8Array; readonly sharedSecret: Uint8Array };
}

export interface MlKemKey {
  readonly encapsulationKey: Uint8Array;
  /** The 32-byte shared secret; for a ciphertext of right length that is not ours, a pseudorandom one. */
  decapsulate(ciphertext: Uint8Array): Uint8Array;
  exportSeed(): Uint8Array;
}

/** In bytes. */
export const mlKemLength = {
  'ML-KEM-768': { encapsulationKey: 1184, ciphertext: 1088, seed: 64 },
  'ML-KEM-1024': { encapsulationKey: 1568, ciphertext: 1568, seed: 64 },
} as const satisfies Record<MlKemName, unknown>;
