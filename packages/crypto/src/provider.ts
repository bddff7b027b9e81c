/**
 * The cryptography that the stack needs, behind one interface with two implementations: `native` and `portable`.
 * What a method returns is a plain Uint8Array of its own memory, never a view of an input or of a pool; what it is
 * given it neither alters nor keeps, so that the caller may clear it.
 */

export type HashName = 'sha256' | 'sha384' | 'sha512';
export type AeadName =
  | 'aes-128-gcm'
  | 'aes-256-gcm'
  | 'chacha20-poly1305'
  | 'aes-128-ccm'
  | 'aes-256-ccm'
  | 'aes-128-ccm-8'
  | 'aes-256-ccm-8';
export type CbcName = 'aes-128-cbc' | 'aes-256-cbc';
/** Hashes of an HMAC. SHA-1 has this use alone, where an old cipher suite protects records with it. */
export type MacName = HashName | 'sha1';
/** Those that go with CBC in cipher suites. */
export type CbcMacName = 'sha1' | 'sha256' | 'sha384';

/** How a cipher suite protects records: cipher and MAC in one, or one after the other (RFC 5246 section 6.2.3). */
export type RecordCipher =
  | { readonly kind: 'aead'; readonly aead: AeadName }
  | { readonly kind: 'cbc'; readonly cipher: CbcName; readonly mac: CbcMacName };

/** Output lengths in bytes. */
export const hashLength = { sha256: 32, sha384: 48, sha512: 64 } as const satisfies Record<HashName, number>;
export const macLength = { sha1: 20, ...hashLength } as const satisfies Record<MacName, number>;
/** Key lengths in bytes. The nonce is 12 bytes for each of them. */
export const aeadKeyLength = {
  'aes-128-gcm': 16,
  'aes-256-gcm': 32,
  'chacha20-poly1305': 32,
  'aes-128-ccm': 16,
  'aes-256-ccm': 32,
  'aes-128-ccm-8': 16,
  'aes-256-ccm-8': 32,
} as const satisfies Record<AeadName, number>;
export const aeadNonceLength = 12;
/** Tag lengths in bytes. */
export const aeadTagLength = {
  'aes-128-gcm': 16,
  'aes-256-gcm': 16,
  'chacha20-poly1305': 16,
  'aes-128-ccm': 16,
  'aes-256-ccm': 16,
  'aes-128-ccm-8': 8,
  'aes-256-ccm-8': 8,
} as const satisfies Record<AeadName, number>;
export const cbcKeyLength = { 'aes-128-cbc': 16, 'aes-256-cbc': 32 } as const satisfies Record<CbcName, number>;
/** Of a block, and of the IV. */
export const cbcBlockLength = 16;

/** A hash over bytes that arrive in pieces, whose value can be read at any point: the handshake transcript. */
export interface RunningHash {
  update(data: Uint8Array): void;
  /** The hash of everything so far. The hash goes on. */
  current(): Uint8Array;
  /** Another hash that goes on from here by itself. */
  copy(): RunningHash;
}

/** An AEAD under one key (RFC 5116). */
export interface Aead {
  /** In bytes. */
  readonly tagLength: number;
  /**
   * Encrypts `plaintext` and appends the tag.
   * @param nonce 12 bytes, never used twice with this key.
   * @param associatedData authenticated, not encrypted.
   */
  seal(nonce: Uint8Array, associatedData: Uint8Array, plaintext: Uint8Array): Uint8Array;
  /**
   * As `seal`, for where the result has its place already.
   * @param sealed room for ciphertext and tag, to the byte; it may begin where the plaintext does.
   */
  sealInto(nonce: Uint8Array, associatedData: Uint8Array, plaintext: Uint8Array, sealed: Uint8Array): void;
  /** The plaintext, or undefined when the tag does not match; no difference in time or form tells why. */
  open(nonce: Uint8Array, associatedData: Uint8Array, ciphertext: Uint8Array): Uint8Array | undefined;
}

/** A block cipher in CBC mode under one key, without padding: `data` is whole blocks. */
export interface Cbc {
  /** @param iv 16 bytes, that nobody could foresee. */
  encrypt(iv: Uint8Array, data: Uint8Array): Uint8Array;
  decrypt(iv: Uint8Array, data: Uint8Array): Uint8Array;
}

/** The private half of a key share that waits for the peer's. Single use. */
export interface EphemeralKey {
  /** NamedGroup code point. */
  readonly group: number;
  /** Our share as it stands in key_exchange (RFC 8446 section 4.2.8) or ECPoint (RFC 8422 section 5.4). */
  readonly share: Uint8Array;
  /**
   * The shared secret.
   * @throws TlsError `invalid-key-share` for a share of wrong length, a point off the curve or an all-zero result.
   */
  agree(peerShare: Uint8Array): Uint8Array;
  /** The private key as bytes that `importEphemeral` of the same provider family reads, for a sealed continuation. */
  exportPrivate(): Uint8Array;
}

export interface PrivateKey {
  readonly kind: PublicKeyKind;
  /** SubjectPublicKeyInfo, DER, of the public half. */
  readonly spki: Uint8Array;
  /**
   * SignatureSchemes (code points) that this key can make, the preferred one first. An ECDSA key has each hash, as in
   * TLS 1.2, and that which TLS 1.3 binds to its curve first; an RSA key of id-RSASSA-PSS with parameters has the one of
   * its hash.
   */
  readonly schemes: readonly number[];
  /** Signature in the form that TLS carries (ECDSA: DER). Throws TlsError `internal-error` for a scheme not in `schemes`. */
  sign(scheme: number, message: Uint8Array): Uint8Array;
  /**
   * The premaster secret of RSA key transport (RFC 5246 section 7.4.7.1): what the PKCS#1 v1.5 padding holds, where all
   * is right with it, and otherwise `substitute`. Nothing tells which of the two it is.
   * @param version client_version of the ClientHello, which the secret must begin with.
   * @param substitute 48 random bytes.
   * @throws TlsError `internal-error` where the key is not of kind `rsa`.
   */
  decryptPremaster(encrypted: Uint8Array, version: number, substitute: Uint8Array): Uint8Array;
}

export type PublicKeyKind = 'ecdsa-p256' | 'ecdsa-p384' | 'ecdsa-p521' | 'ed25519' | 'rsa' | 'rsa-pss';

export interface PublicKey {
  readonly kind: PublicKeyKind;
  /** RSA modulus or curve size. */
  readonly bits: number;
  /**
   * True where the signature is right. A scheme that does not fit the key, SHA-1, or malformed bytes, is false.
   * An ECDSA scheme stands for its hash alone, as in TLS 1.2 (RFC 5246 section 7.4.1.4.1) and in certificates: that
   * TLS 1.3 binds it to a curve as well (RFC 8446 section 4.2.3) is the handshake's to enforce, by `kind`.
   */
  verify(scheme: number, message: Uint8Array, signature: Uint8Array): boolean;
  /**
   * Encrypts a premaster secret for RSA key transport, with PKCS#1 v1.5 padding (RFC 5246 section 7.4.7.1).
   * @param premaster 48 bytes.
   * @throws TlsError `certificate-unsupported` where the key is not of kind `rsa`, or too short.
   */
  encryptPremaster(premaster: Uint8Array): Uint8Array;
}

export interface CryptoProvider {
  readonly name: 'native' | 'portable';
  randomBytes(length: number): Uint8Array;
  hash(hash: HashName, data: Uint8Array): Uint8Array;
  runningHash(hash: HashName): RunningHash;
  hmac(hash: MacName, key: Uint8Array, data: Uint8Array): Uint8Array;
  aead(name: AeadName, key: Uint8Array): Aead;
  cbc(name: CbcName, key: Uint8Array): Cbc;

  /** NamedGroup code points that this provider has, in order of preference. */
  readonly groups: readonly number[];
  /** A fresh key share, for a client, or for a TLS 1.2 server. */
  generateEphemeral(group: number): EphemeralKey;
  /**
   * Answers a client's share: for a KEM encapsulates to it, for a curve makes a key pair and agrees.
   * @throws TlsError `invalid-key-share` as `agree`.
   */
  respondToShare(group: number, clientShare: Uint8Array): { readonly share: Uint8Array; readonly secret: Uint8Array };
  /** Reads what `exportPrivate` wrote. */
  importEphemeral(group: number, exported: Uint8Array): EphemeralKey;

  /** @param pkcs8 PrivateKeyInfo, DER. @throws TlsError `configuration-invalid` for what is not a key of a known kind. */
  importPrivateKey(pkcs8: Uint8Array): PrivateKey;
  /** @param spki SubjectPublicKeyInfo, DER. @throws TlsError `certificate-unsupported` for a kind that is not known or a malformed key. */
  importPublicKey(spki: Uint8Array): PublicKey;
  /** True where both are of the same length and content, in time that depends on the length alone. */
  equal(a: Uint8Array, b: Uint8Array): boolean;
}
