import { TlsError } from '@handfast/wire';
import type { EphemeralKey } from './provider.ts';

/** The answer to a client's share. */
export interface ShareResponse {
  readonly share: Uint8Array;
  readonly secret: Uint8Array;
}

/** In bytes; the same for every key of a group. */
export interface KeyAgreementLengths {
  readonly clientShare: number;
  readonly serverShare: number;
  /** What `exportPrivate` writes. */
  readonly exported: number;
}

/** One named group, as a provider implements it. */
export interface KeyAgreement {
  readonly group: number;
  readonly lengths: KeyAgreementLengths;
  generate(): EphemeralKey;
  respond(clientShare: Uint8Array): ShareResponse;
  /** Reads what `exportPrivate` wrote. */
  import(exported: Uint8Array): EphemeralKey;
}

/** For a curve, to answer is to make a key pair and agree (RFC 8446 section 4.2.8). */
export function respondWithKeyPair(key: EphemeralKey, clientShare: Uint8Array): ShareResponse {
  return { share: key.share, secret: key.agree(clientShare) };
}

/** A curve's share has one length. For a point, that and its first byte also say that it is not compressed. */
export function checkShareLength(share: Uint8Array, length: number): void {
  if (share.length !== length) throw invalidKeyShare(`${share.length} bytes instead of ${length}`);
}

/** The uncompressed form is the only one that TLS has (RFC 8446 section 4.2.8.2, RFC 8422 section 5.1.2). */
export function checkUncompressedPoint(share: Uint8Array, length: number): void {
  checkShareLength(share, length);
  if (share[0] !== 4) throw invalidKeyShare('point not in uncompressed form');
}

export function invalidKeyShare(detail: string): TlsError {
  return new TlsError('invalid-key-share', detail);
}

/** A private key that is not of the length that its group writes: our own continuation, so our own error. */
export function checkExportedLength(exported: Uint8Array, length: number): void {
  if (exported.length !== length) {
    throw new TlsError('internal-error', `exported key of ${exported.length} bytes instead of ${length}`);
  }
}
