import type { CryptoProvider } from '@handfast/crypto';
import { sameBytes } from './bytes.ts';
import type { Certificate } from './certificate.ts';
import type { RevocationStatus } from './crl-status.ts';
import { enterOnly, Tag } from './der/reader.ts';
import { octetAlignedBitsOf } from './der/values.ts';
import { quoted } from './name.ts';
import type { BasicOcspResponse, CertId, OcspResponse, SingleOcspResponse } from './ocsp.ts';
import { Oid } from './oids.ts';
import { sha1 } from './sha1.ts';
import type { SignatureCheck } from './signature-check.ts';

export interface OcspCheck {
  readonly crypto: CryptoProvider;
  readonly signatures: SignatureCheck;
  /** Milliseconds since the Unix epoch. */
  readonly time: number;
  /** Whether a responder's certificate, rightly signed by the issuer that delegated to it, may be used otherwise. */
  isUsable(responder: Certificate): boolean;
}

/**
 * What a response says of a certificate; `invalid` where it is not an answer of who may give one about this certificate, as
 * opposed to one that is merely of no use, such as an old one.
 */
export type OcspStatus = RevocationStatus | { readonly status: 'invalid'; readonly why: string };

/** Clocks differ. */
const tolerance = 5 * 60_000;
/** For how long a response counts that does not say when there will be a newer one. */
const defaultLifetime = 24 * 3_600_000;

/** The status of a certificate by an OCSP response (RFC 6960 section 3.2). */
export function ocspStatus(
  certificate: Certificate,
  issuer: Certificate,
  response: OcspResponse,
  check: OcspCheck,
): OcspStatus {
  if (response.status !== 'successful') {
    return { status: 'unknown', why: `the OCSP responder answered ${response.status}` };
  }
  const { basic } = response;
  const single = basic.responses.find((candidate) => isAbout(candidate.certificate, certificate, issuer, check.crypto));
  if (single === undefined) return invalid(`the OCSP response is not about ${quoted(certificate.subject)}`);
  const critical = [...basic.extensions, ...single.extensions].find((extension) => extension.critical);
  if (critical !== undefined) return invalid(`the OCSP response has the critical extension ${critical.oid}`);
  if (!isSignedByResponder(basic, issuer, check)) {
    return invalid(`the OCSP response is not signed by ${quoted(issuer.subject)} or a responder of its choice`);
  }
  return untimely(basic, single, check.time) ?? statusOf(single);
}

function invalid(why: string): OcspStatus {
  return { status: 'invalid', why };
}

function isAbout(id: CertId, certificate: Certificate, issuer: Certificate, crypto: CryptoProvider): boolean {
  if (!sameBytes(id.serialNumber, certificate.serialNumber)) return false;
  const hash = hashOf(id.hashAlgorithm, crypto);
  if (hash === undefined) return false;
  return (
    sameBytes(id.issuerNameHash, hash(certificate.issuer.der)) && sameBytes(id.issuerKeyHash, hash(keyBitsOf(issuer)))
  );
}

function hashOf(oid: string, crypto: CryptoProvider): ((data: Uint8Array) => Uint8Array) | undefined {
  switch (oid) {
    case Oid.sha1:
      return sha1;
    case Oid.sha256:
      return (data) => crypto.hash('sha256', data);
    case Oid.sha384:
      return (data) => crypto.hash('sha384', data);
    case Oid.sha512:
      return (data) => crypto.hash('sha512', data);
    default:
      return undefined;
  }
}

/** The content of subjectPublicKey, without the octet that counts unused bits. */
export function keyBitsOf({ spki }: Certificate): Uint8Array {
  const reader = enterOnly(spki, Tag.SEQUENCE, 'SubjectPublicKeyInfo');
  reader.readElement(Tag.SEQUENCE, 'algorithm');
  return octetAlignedBitsOf(reader.read(Tag.BIT_STRING, 'subjectPublicKey'), 'subjectPublicKey');
}

/** RFC 6960 section 4.2.2.2: the issuer itself, or who has a certificate for this from the issuer's very key. */
function isSignedByResponder(basic: BasicOcspResponse, issuer: Certificate, check: OcspCheck): boolean {
  const isResponder = (candidate: Certificate): boolean =>
    basic.responder.kind === 'name'
      ? basic.responder.name.key === candidate.subject.key
      : sameBytes(basic.responder.hash, sha1(keyBitsOf(candidate)));
  const { signatures } = check;
  if (isResponder(issuer) && signatures.result(basic, issuer) === 'right') return true;
  return basic.certificates.some(
    (responder) =>
      isResponder(responder) &&
      responder.issuer.key === issuer.subject.key &&
      responder.extKeyUsage?.includes(Oid.ocspSigning) === true &&
      check.isUsable(responder) &&
      signatures.result(responder, issuer) === 'right' &&
      signatures.result(basic, responder) === 'right',
  );
}

/** RFC 6960 sections 3.2 and 4.2.2.1. */
function untimely({ producedAt }: BasicOcspResponse, single: SingleOcspResponse, time: number): OcspStatus | undefined {
  const { thisUpdate, nextUpdate = thisUpdate + defaultLifetime } = single;
  if (!(time >= Math.max(thisUpdate, producedAt) - tolerance)) {
    return { status: 'unknown', why: 'the OCSP response is of the future; check the clock' };
  }
  if (time < nextUpdate + 1000) return undefined;
  return { status: 'unknown', why: `the OCSP response has expired at ${new Date(nextUpdate).toISOString()}` };
}

function statusOf({ status }: SingleOcspResponse): OcspStatus {
  if (status === 'good') return { status };
  if (status === 'unknown') return { status, why: 'the OCSP responder does not know of it' };
  return { status: 'revoked', revocation: status };
}
