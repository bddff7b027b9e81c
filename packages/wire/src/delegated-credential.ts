import { type Codec, opaque24 } from './codec.ts';
import { Reader } from './reader.ts';
import { Writer } from './writer.ts';

/** A key that the holder of a certificate lets sign for it, for a few days (RFC 9345 section 4). */
export interface DelegatedCredential {
  readonly credential: CredentialOfDelegation;
  /** SignatureScheme of `signature`. */
  readonly algorithm: number;
  /** By the certificate's key, over `delegatedCredentialContent`. */
  readonly signature: Uint8Array;
}

/** Credential (RFC 9345 section 4). */
export interface CredentialOfDelegation {
  /** Seconds after notBefore of the certificate at which it ends. */
  readonly validTime: number;
  /** The one SignatureScheme that CertificateVerify may have. */
  readonly certVerifyAlgorithm: number;
  /** SubjectPublicKeyInfo, DER. */
  readonly subjectPublicKeyInfo: Uint8Array;
}

const subjectPublicKeyInfo = opaque24(1);

const credential: Codec<CredentialOfDelegation> = {
  read: (reader) => ({
    validTime: reader.uint32(),
    certVerifyAlgorithm: reader.uint16(),
    subjectPublicKeyInfo: subjectPublicKeyInfo.read(reader),
  }),
  write(writer, value) {
    writer.uint32(value.validTime);
    writer.uint16(value.certVerifyAlgorithm);
    subjectPublicKeyInfo.write(writer, value.subjectPublicKeyInfo);
  },
};

/**
 * Reads the content of the delegated_credential extension of a CertificateEntry.
 * @throws TlsError `malformed-message`, `trailing-data`.
 */
export function readDelegatedCredential(bytes: Uint8Array): DelegatedCredential {
  const reader = new Reader(bytes);
  const value = { credential: credential.read(reader), algorithm: reader.uint16(), signature: reader.vector16(1) };
  reader.end();
  return value;
}

export function encodeDelegatedCredential(value: DelegatedCredential): Uint8Array {
  const writer = new Writer();
  credential.write(writer, value.credential);
  writer.uint16(value.algorithm);
  writer.vector16(value.signature, 1);
  return writer.finish();
}

/** The bytes of it that its signature covers, and the algorithm of that with them. */
export function encodeSignedCredential(value: Pick<DelegatedCredential, 'credential' | 'algorithm'>): Uint8Array {
  const writer = new Writer();
  credential.write(writer, value.credential);
  writer.uint16(value.algorithm);
  return writer.finish();
}
