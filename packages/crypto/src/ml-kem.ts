/** ML-KEM-768 (FIPS 203), as a provider implements it. */
export interface MlKem768 {
  generate(): MlKem768Key;
  /** The key pair of the 64-byte seed `d ‖ z`. */
  fromSeed(seed: Uint8Array): MlKem768Key;
  /** @throws TlsError `invalid-key-share` when the key fails the modulus check of FIPS 203 section 7.2. */
  encapsulate(encapsulationKey: Uint8Array): { readonly ciphertext: Uint8Array; readonly sharedSecret: Uint8Array };
}

export interface MlKem768Key {
  /** 1184 bytes. */
  readonly encapsulationKey: Uint8Array;
  /** The 32-byte shared secret; for a ciphertext of right length that is not ours, a pseudorandom one. */
  decapsulate(ciphertext: Uint8Array): Uint8Array;
  exportSeed(): Uint8Array;
}

export const mlKem768Length = { encapsulationKey: 1184, ciphertext: 1088, seed: 64 } as const;
