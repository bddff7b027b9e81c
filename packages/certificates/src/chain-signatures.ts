import { parseCertificate } from './certificate.ts';
import { Oid } from './oids.ts';
import { signatureSchemeOf } from './signature-algorithm.ts';

/**
 * The SignatureSchemes that the certificates of a chain are signed with, as signature_algorithms_cert speaks of them
 * (RFC 8446 section 4.2.3); undefined among them stands for a signature that is none of TLS, or rests on SHA-1. What signed
 * itself is left out: nobody verifies that (section 4.4.2.2).
 *
 * @param chain DER, end entity first, each certificate followed by its issuer
 * @throws TlsError `certificate-malformed`
 */
export function chainSignatureSchemes(chain: readonly Uint8Array[]): ReadonlySet<number | undefined> {
  const certificates = chain.map(parseCertificate);
  const schemes = certificates.map(({ signatureAlgorithm, issuer, subject }, index) => {
    if (issuer.key === subject.key) return 'none';
    // An issuer that is not there is taken for one with a key like most.
    const isPssKey = certificates[index + 1]?.publicKeyAlgorithm.oid === Oid.rsassaPss;
    const scheme = signatureSchemeOf(signatureAlgorithm, isPssKey ? 'rsa-pss' : 'rsa');
    return scheme === 'weak' ? undefined : scheme;
  });
  return new Set(schemes.filter((scheme) => scheme !== 'none'));
}
