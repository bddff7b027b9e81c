import type { CryptoProvider } from '@handfast/crypto';
import { TlsError } from '@handfast/wire';
import type { Certificate } from './certificate.ts';
import { fingerprintOf, hostNamesOf, serialNumberTextOf } from './certificate-text.ts';
import { publicKeyOf } from './public-key.ts';

/** What people want to know of a certificate at a glance. */
export interface CertificateSummary {
  /** RFC 4514 strings. */
  readonly subject: string;
  readonly issuer: string;
  /** Upper-case hex. */
  readonly serialNumber: string;
  /** DNS names and IP addresses of subjectAltName. */
  readonly names: readonly string[];
  /** Milliseconds since the Unix epoch. */
  readonly notBefore: number;
  readonly notAfter: number;
  /** Such as `ecdsa-p256` or `rsa 2048`; the algorithm's OID for a kind that is not supported. */
  readonly key: string;
  readonly isCa: boolean;
  /** Lower-case hex SHA-256 of the DER. */
  readonly fingerprint: string;
}

/** Describes a certificate for people. It judges nothing. */
export function summarize(crypto: CryptoProvider, certificate: Certificate): CertificateSummary {
  const { subject, issuer, notBefore, notAfter, basicConstraints } = certificate;
  return {
    subject: subject.text,
    issuer: issuer.text,
    serialNumber: serialNumberTextOf(certificate),
    names: hostNamesOf(certificate),
    notBefore,
    notAfter,
    key: keyText(crypto, certificate),
    isCa: basicConstraints?.isCa === true,
    fingerprint: fingerprintOf(crypto, certificate),
  };
}

function keyText(crypto: CryptoProvider, certificate: Certificate): string {
  try {
    const { kind, bits } = publicKeyOf(crypto, certificate);
    return kind === 'rsa' || kind === 'rsa-pss' ? `${kind} ${bits}` : kind;
  } catch (error) {
    if (error instanceof TlsError) return certificate.publicKeyAlgorithm.oid;
    throw error;
  }
}
