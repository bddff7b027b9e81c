import { parseCertificate, signatureHashOf } from '@handfast/certificates';
import type { CryptoProvider } from '@handfast/crypto';

/**
 * tls-server-end-point (RFC 5929 section 4.1): the hash of the server's certificate, by the hash of the certificate's own
 * signature, but SHA-256 where that is MD5 or SHA-1. Undefined without a certificate, and for a signature that has no
 * such hash (Ed25519), for which the RFC defines nothing.
 */
export function serverEndPointBinding(
  crypto: CryptoProvider,
  certificate: Uint8Array | undefined,
): Uint8Array | undefined {
  if (certificate === undefined) return undefined;
  const hash = signatureHashOf(parseCertificate(certificate));
  return hash === undefined ? undefined : crypto.hash(hash, certificate);
}
