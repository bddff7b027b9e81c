import { type AlgorithmIdentifier, algorithmOf } from './algorithm-identifier.ts';
import { type Certificate, parseCertificate } from './certificate.ts';
import { ContentCache } from './content-cache.ts';
import { type Revocation, revocationReasonOf } from './crl.ts';
import {
  constructedContextTag,
  contextTag,
  type DerReader,
  enterOnly,
  malformed,
  readOnly,
  Tag,
} from './der/reader.ts';
import { integerOf, octetAlignedBitsOf, oidOf, smallIntegerOf, timeOf } from './der/values.ts';
import { type Extension, readExtensions } from './extensions.ts';
import { Name } from './name.ts';
import { Oid } from './oids.ts';

/** OCSPResponseStatus (RFC 6960 section 4.2.1), by number; 4 is not used. */
const responseStatuses = [
  'successful',
  'malformedRequest',
  'internalError',
  'tryLater',
  undefined,
  'sigRequired',
  'unauthorized',
] as const;

export type OcspResponse =
  | { readonly status: 'successful'; readonly basic: BasicOcspResponse }
  | { readonly status: Exclude<(typeof responseStatuses)[number], undefined | 'successful'> };

/** BasicOCSPResponse (RFC 6960 section 4.2.1), read. */
export interface BasicOcspResponse {
  /** ResponseData, DER: what the signature is over. */
  readonly tbs: Uint8Array;
  readonly signatureAlgorithm: AlgorithmIdentifier;
  readonly signature: Uint8Array;
  /** SHA-1 of the responder's key, or its name. */
  readonly responder:
    | { readonly kind: 'key'; readonly hash: Uint8Array }
    | { readonly kind: 'name'; readonly name: Name };
  /** Milliseconds since the Unix epoch. */
  readonly producedAt: number;
  readonly responses: readonly SingleOcspResponse[];
  readonly extensions: readonly Extension[];
  /** What the responder sends along to prove that it may sign; the first ones of them. */
  readonly certificates: readonly Certificate[];
}

export interface SingleOcspResponse {
  readonly certificate: CertId;
  readonly status: 'good' | 'unknown' | Revocation;
  /** Milliseconds since the Unix epoch. */
  readonly thisUpdate: number;
  readonly nextUpdate: number | undefined;
  readonly extensions: readonly Extension[];
}

/** RFC 6960 section 4.1.1. */
export interface CertId {
  /** Dotted OID. */
  readonly hashAlgorithm: string;
  readonly issuerNameHash: Uint8Array;
  readonly issuerKeyHash: Uint8Array;
  /** Content octets of the INTEGER. */
  readonly serialNumber: Uint8Array;
}

/** A responder needs one certificate, and its issuer at most. */
const mostCertificates = 4;

/** The same response is stapled to many handshakes. */
const parsed = new ContentCache<OcspResponse>(256);

/**
 * Reads an OCSPResponse (RFC 6960 section 4.2.1), strictly. The same bytes give the same object as long as they are in a
 * bounded cache.
 *
 * @param der OCSPResponse, DER; it is copied, and may change afterwards
 * @throws TlsError `certificate-malformed`
 */
export function parseOcspResponse(der: Uint8Array): OcspResponse {
  return parsed.get(der, readResponse);
}

function readResponse(der: Uint8Array): OcspResponse {
  const what = 'OCSPResponse';
  const reader = enterOnly(der, Tag.SEQUENCE, what);
  const status = responseStatuses[smallIntegerOf(reader.read(Tag.ENUMERATED, what), what)];
  if (status === undefined) throw malformed(what, 'has no status that is known');
  const explicit = reader.enterOptional(constructedContextTag(0), 'responseBytes');
  reader.finish();
  if (status !== 'successful') return { status };
  if (explicit === undefined) throw malformed(what, 'is successful, and empty');
  const bytes = explicit.enter(Tag.SEQUENCE, 'responseBytes');
  explicit.finish();
  const type = oidOf(bytes.read(Tag.OBJECT_IDENTIFIER, 'responseType'), 'responseType');
  const content = bytes.read(Tag.OCTET_STRING, 'response');
  bytes.finish();
  if (type !== Oid.ocspBasic) throw malformed(what, `is of the type ${type}, which is not known`);
  return { status, basic: readBasic(content) };
}

function readBasic(der: Uint8Array): BasicOcspResponse {
  const reader = enterOnly(der, Tag.SEQUENCE, 'BasicOCSPResponse');
  const tbs = reader.readElement(Tag.SEQUENCE, 'tbsResponseData');
  const signatureAlgorithm = algorithmOf(reader.readElement(Tag.SEQUENCE, 'signatureAlgorithm'));
  const signature = octetAlignedBitsOf(reader.read(Tag.BIT_STRING, 'signature'), 'signature');
  const explicit = reader.enterOptional(constructedContextTag(0), 'certs');
  reader.finish();
  const certificates: Certificate[] = [];
  const certs = explicit?.enter(Tag.SEQUENCE, 'certs');
  explicit?.finish();
  while (certs !== undefined && !certs.done && certificates.length < mostCertificates) {
    certificates.push(parseCertificate(certs.readElement(Tag.SEQUENCE, 'certs')));
  }
  return { tbs, signatureAlgorithm, signature, certificates, ...readResponseData(tbs) };
}

function readResponseData(tbs: Uint8Array) {
  const reader = enterOnly(tbs, Tag.SEQUENCE, 'ResponseData');
  // v1 is the default, which DER leaves out, and there is no other.
  const responder = readResponder(reader);
  const producedAt = readGeneralizedTime(reader, 'producedAt');
  const list = reader.enter(Tag.SEQUENCE, 'responses');
  const responses: SingleOcspResponse[] = [];
  while (!list.done) responses.push(readSingle(list.enter(Tag.SEQUENCE, 'SingleResponse')));
  const extensions = readOptionalExtensions(reader, 'responseExtensions');
  reader.finish();
  return { responder, producedAt, responses, extensions };
}

function readResponder(reader: DerReader): BasicOcspResponse['responder'] {
  const what = 'responderID';
  const byName = reader.enterOptional(constructedContextTag(1), what);
  const inner = byName ?? reader.enter(constructedContextTag(2), what);
  const responder: BasicOcspResponse['responder'] =
    byName === undefined
      ? { kind: 'key', hash: inner.read(Tag.OCTET_STRING, what) }
      : { kind: 'name', name: new Name(inner.readElement(Tag.SEQUENCE, what)) };
  inner.finish();
  return responder;
}

function readSingle(reader: DerReader): SingleOcspResponse {
  const certificate = readCertId(reader.enter(Tag.SEQUENCE, 'CertID'));
  const status = readStatus(reader);
  const thisUpdate = readGeneralizedTime(reader, 'thisUpdate');
  const next = reader.enterOptional(constructedContextTag(0), 'nextUpdate');
  const nextUpdate = next && readGeneralizedTime(next, 'nextUpdate');
  next?.finish();
  const extensions = readOptionalExtensions(reader, 'singleExtensions');
  reader.finish();
  return { certificate, status, thisUpdate, nextUpdate, extensions };
}

function readCertId(reader: DerReader): CertId {
  const hashAlgorithm = algorithmOf(reader.readElement(Tag.SEQUENCE, 'hashAlgorithm')).oid;
  const issuerNameHash = reader.read(Tag.OCTET_STRING, 'issuerNameHash');
  const issuerKeyHash = reader.read(Tag.OCTET_STRING, 'issuerKeyHash');
  const serialNumber = integerOf(reader.read(Tag.INTEGER, 'serialNumber'), 'serialNumber');
  reader.finish();
  return { hashAlgorithm, issuerNameHash, issuerKeyHash, serialNumber };
}

function readStatus(reader: DerReader): SingleOcspResponse['status'] {
  const what = 'certStatus';
  const revoked = reader.enterOptional(constructedContextTag(1), what);
  if (revoked !== undefined) {
    const time = readGeneralizedTime(revoked, 'revocationTime');
    const explicit = revoked.enterOptional(constructedContextTag(0), 'revocationReason');
    const reason = explicit && revocationReasonOf(explicit.read(Tag.ENUMERATED, 'revocationReason'));
    explicit?.finish();
    revoked.finish();
    return { time, reason: reason ?? 'unspecified' };
  }
  const isGood = reader.nextTag === contextTag(0);
  const content = reader.read(contextTag(isGood ? 0 : 2), what);
  if (content.length > 0) throw malformed(what, 'not a NULL');
  return isGood ? 'good' : 'unknown';
}

function readOptionalExtensions(reader: DerReader, what: string): readonly Extension[] {
  const explicit = reader.enterOptional(constructedContextTag(1), what);
  if (explicit === undefined) return [];
  const extensions = readExtensions(explicit.enter(Tag.SEQUENCE, what));
  explicit.finish();
  return extensions;
}

function readGeneralizedTime(reader: DerReader, what: string): number {
  return timeOf(Tag.GENERALIZED_TIME, reader.read(Tag.GENERALIZED_TIME, what), what);
}

/** The nonce that the response repeats (RFC 8954), where it does. */
export function nonceOf({ extensions }: BasicOcspResponse): Uint8Array | undefined {
  const extension = extensions.find(({ oid }) => oid === Oid.ocspNonce);
  return extension && readOnly(extension.value, Tag.OCTET_STRING, 'Nonce');
}
