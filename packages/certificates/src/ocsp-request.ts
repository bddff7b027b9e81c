import type { Certificate } from './certificate.ts';
import { constructedContextTag, Tag } from './der/reader.ts';
import { encodeElement } from './der/writer.ts';
import { keyBitsOf } from './ocsp-status.ts';
import { sha1 } from './sha1.ts';

/** AlgorithmIdentifier of SHA-1 with NULL, the one that every responder knows (RFC 5019 section 2.1.1), DER. */
const sha1Algorithm = Uint8Array.of(0x30, 0x09, 0x06, 0x05, 0x2b, 0x0e, 0x03, 0x02, 0x1a, 0x05, 0x00);
/** Content octets of id-pkix-ocsp-nonce. */
const nonceOid = Uint8Array.of(0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x30, 0x01, 0x02);

/**
 * An OCSPRequest (RFC 6960 section 4.1.1) for one certificate, DER.
 * @param nonce 16 to 32 random octets for the response to repeat (RFC 8954); undefined where an older answer will do
 */
export function encodeOcspRequest(
  certificate: Certificate,
  issuer: Certificate,
  nonce: Uint8Array | undefined,
): Uint8Array {
  const certId = encodeElement(
    Tag.SEQUENCE,
    sha1Algorithm,
    encodeElement(Tag.OCTET_STRING, sha1(certificate.issuer.der)),
    encodeElement(Tag.OCTET_STRING, sha1(keyBitsOf(issuer))),
    encodeElement(Tag.INTEGER, certificate.serialNumber),
  );
  const list = encodeElement(Tag.SEQUENCE, encodeElement(Tag.SEQUENCE, certId));
  const extensions =
    nonce === undefined
      ? []
      : [encodeElement(constructedContextTag(2), encodeElement(Tag.SEQUENCE, nonceExtension(nonce)))];
  return encodeElement(Tag.SEQUENCE, encodeElement(Tag.SEQUENCE, list, ...extensions));
}

function nonceExtension(nonce: Uint8Array): Uint8Array {
  const value = encodeElement(Tag.OCTET_STRING, encodeElement(Tag.OCTET_STRING, nonce));
  return encodeElement(Tag.SEQUENCE, encodeElement(Tag.OBJECT_IDENTIFIER, nonceOid), value);
}
