import { type AlgorithmIdentifier, algorithmOf } from './algorithm-identifier.ts';
import { sameBytes } from './bytes.ts';
import { ContentCache } from './content-cache.ts';
import { constructedContextTag, contextTag, type DerReader, enterOnly, malformed, Tag } from './der/reader.ts';
import { integerOf, octetAlignedBitsOf, readTime, smallIntegerOf } from './der/values.ts';
import { type Extension, type KnownExtensions, knownExtensions, readExtensions } from './extensions.ts';
import { Name } from './name.ts';

/** An X.509 certificate, read. All bytes in it are views into `der`. */
export interface Certificate extends KnownExtensions {
  readonly der: Uint8Array;
  /** TBSCertificate, DER: what the signature is over. */
  readonly tbs: Uint8Array;
  /** 1, 2 or 3. */
  readonly version: number;
  /** Content octets of the INTEGER, big-endian two's complement. */
  readonly serialNumber: Uint8Array;
  readonly issuer: Name;
  readonly subject: Name;
  /** Milliseconds since the Unix epoch; both ends belong to the period. */
  readonly notBefore: number;
  readonly notAfter: number;
  /** SubjectPublicKeyInfo, DER. */
  readonly spki: Uint8Array;
  /** The algorithm in `spki`. */
  readonly publicKeyAlgorithm: AlgorithmIdentifier;
  readonly signatureAlgorithm: AlgorithmIdentifier;
  readonly signature: Uint8Array;
  /** Every extension, in the order of the certificate. */
  readonly extensions: readonly Extension[];
}

/** Certificates are read once: those of our peers and our own come back with every handshake. */
const parsed = new ContentCache<Certificate>(512);

/**
 * Reads a certificate (RFC 5280 section 4.1), strictly: DER only, no field twice, nothing left over, the extensions that
 * are understood well-formed. The same bytes give the same object as long as they are in a bounded cache.
 *
 * @param der Certificate, DER; it is copied, and may change afterwards
 * @throws TlsError `certificate-malformed`
 */
export function parseCertificate(der: Uint8Array): Certificate {
  return parsed.get(der, readCertificate);
}

function readCertificate(der: Uint8Array): Certificate {
  const certificate = enterOnly(der, Tag.SEQUENCE, 'Certificate');
  const tbs = certificate.readElement(Tag.SEQUENCE, 'TBSCertificate');
  const signatureAlgorithm = algorithmOf(certificate.readElement(Tag.SEQUENCE, 'signatureAlgorithm'));
  const signature = octetAlignedBitsOf(certificate.read(Tag.BIT_STRING, 'signatureValue'), 'signatureValue');
  certificate.finish();
  const fields = readTbs(tbs);
  // RFC 5280 section 4.1.1.2: what is signed must say how, or the algorithm could be exchanged.
  if (!sameBytes(fields.innerAlgorithm, signatureAlgorithm.der)) {
    throw malformed('Certificate', 'signatureAlgorithm differs from the one in TBSCertificate');
  }
  const { innerAlgorithm: _, ...rest } = fields;
  return { der, tbs, signatureAlgorithm, signature, ...rest };
}

function readTbs(tbs: Uint8Array) {
  const reader = enterOnly(tbs, Tag.SEQUENCE, 'TBSCertificate');
  const version = readVersion(reader);
  const serialNumber = integerOf(reader.read(Tag.INTEGER, 'serialNumber'), 'serialNumber');
  const innerAlgorithm = reader.readElement(Tag.SEQUENCE, 'signature');
  const issuer = new Name(reader.readElement(Tag.SEQUENCE, 'issuer'));
  const validity = reader.enter(Tag.SEQUENCE, 'Validity');
  const notBefore = readTime(validity, 'notBefore');
  const notAfter = readTime(validity, 'notAfter');
  validity.finish();
  const subject = new Name(reader.readElement(Tag.SEQUENCE, 'subject'));
  const spki = reader.readElement(Tag.SEQUENCE, 'subjectPublicKeyInfo');
  // issuerUniqueID and subjectUniqueID: a matter of the past, without meaning for the path.
  const issuerUniqueId = reader.readOptional(contextTag(1), 'issuerUniqueID');
  const subjectUniqueId = reader.readOptional(contextTag(2), 'subjectUniqueID');
  if (version === 1 && (issuerUniqueId ?? subjectUniqueId) !== undefined) {
    throw malformed('TBSCertificate', 'unique identifiers in version 1');
  }
  const extensions = readOptionalExtensions(reader, version);
  reader.finish();
  return {
    version,
    serialNumber,
    innerAlgorithm,
    issuer,
    notBefore,
    notAfter,
    subject,
    spki,
    publicKeyAlgorithm: publicKeyAlgorithmOf(spki),
    extensions,
    ...knownExtensions(extensions),
  };
}

function readVersion(reader: DerReader): number {
  const explicit = reader.enterOptional(constructedContextTag(0), 'version');
  if (explicit === undefined) return 1;
  const value = smallIntegerOf(explicit.read(Tag.INTEGER, 'version'), 'version');
  explicit.finish();
  // v1(0) is the default, which DER leaves out.
  if (value !== 1 && value !== 2) throw malformed('version', `${value} where 1 (v2) or 2 (v3) belongs`);
  return value + 1;
}

function readOptionalExtensions(reader: DerReader, version: number): readonly Extension[] {
  const explicit = reader.enterOptional(constructedContextTag(3), 'extensions');
  if (explicit === undefined) return [];
  if (version !== 3) throw malformed('TBSCertificate', `extensions in version ${version}`);
  const extensions = readExtensions(explicit.enter(Tag.SEQUENCE, 'Extensions'));
  explicit.finish();
  return extensions;
}

function publicKeyAlgorithmOf(spki: Uint8Array): AlgorithmIdentifier {
  const reader = enterOnly(spki, Tag.SEQUENCE, 'SubjectPublicKeyInfo');
  const algorithm = algorithmOf(reader.readElement(Tag.SEQUENCE, 'algorithm'));
  octetAlignedBitsOf(reader.read(Tag.BIT_STRING, 'subjectPublicKey'), 'subjectPublicKey');
  reader.finish();
  return algorithm;
}
