// OCSP responses for tests, made at run time.
import { createHash, sign } from 'node:crypto';
import { parseCertificate } from '../src/certificate.ts';
import { encodeElement } from '../src/der/writer.ts';
import { keyBitsOf } from '../src/ocsp-status.ts';
import { bitString, ecdsaWithSha256, generalizedTime, oid, sequence } from './encode.ts';
import type { Issued } from './pki.ts';

export interface OcspOptions {
  readonly certificate: Issued;
  readonly issuer: Issued;
  /** Who signs, by default the issuer; its key must be of P-256. */
  readonly responder?: Issued;
  /** Whether the response carries the responder's certificate. */
  readonly sendsCertificate?: boolean;
  readonly responderBy?: 'name' | 'key';
  readonly status?: 'good' | 'revoked' | 'unknown';
  readonly thisUpdate?: number;
  /** Null leaves it out. */
  readonly nextUpdate?: number | null;
  readonly hash?: 'sha1' | 'sha256';
  /** Further Extensions of the response, DER. */
  readonly extensions?: readonly Uint8Array[];
  /** Extensions of what it says of the certificate, DER. */
  readonly singleExtensions?: readonly Uint8Array[];
}

const hour = 3_600_000;
const hashOids = { sha1: '1.3.14.3.2.26', sha256: '2.16.840.1.101.3.4.2.1' } as const;

/** An OCSPResponse, DER: good, an hour old and for an hour more, where the options do not say otherwise. */
export function makeOcspResponse(options: OcspOptions): Uint8Array {
  const {
    certificate,
    issuer,
    responder = issuer,
    sendsCertificate = false,
    responderBy = 'name',
    status = 'good',
  } = options;
  const {
    thisUpdate = Date.now() - hour,
    nextUpdate = Date.now() + hour,
    hash = 'sha1',
    extensions = [],
    singleExtensions = [],
  } = options;
  const [subject, authority, signer] = [certificate, issuer, responder].map(({ der }) => parseCertificate(der));
  if (subject === undefined || authority === undefined || signer === undefined) throw new Error('three certificates');
  const digest = (data: Uint8Array, name: string = hash): Uint8Array =>
    encodeElement(0x04, createHash(name).update(data).digest());
  const certId = sequence(
    sequence(oid(hashOids[hash])),
    digest(subject.issuer.der),
    digest(keyBitsOf(authority)),
    encodeElement(0x02, subject.serialNumber),
  );
  const responderId =
    responderBy === 'name'
      ? encodeElement(0xa1, signer.subject.der)
      : encodeElement(0xa2, digest(keyBitsOf(signer), 'sha1'));
  const single = sequence(
    certId,
    status === 'revoked'
      ? encodeElement(0xa1, generalizedTime(thisUpdate))
      : encodeElement(status === 'good' ? 0x80 : 0x82),
    generalizedTime(thisUpdate),
    ...(nextUpdate === null ? [] : [encodeElement(0xa0, generalizedTime(nextUpdate))]),
    ...(singleExtensions.length === 0 ? [] : [encodeElement(0xa1, sequence(...singleExtensions))]),
  );
  const tbs = sequence(
    responderId,
    generalizedTime(thisUpdate),
    sequence(single),
    ...(extensions.length === 0 ? [] : [encodeElement(0xa1, sequence(...extensions))]),
  );
  const basic = sequence(
    tbs,
    ecdsaWithSha256,
    bitString(sign('sha256', tbs, responder.keys.privateKey)),
    ...(sendsCertificate ? [encodeElement(0xa0, sequence(responder.der))] : []),
  );
  const bytes = sequence(oid('1.3.6.1.5.5.7.48.1.1'), encodeElement(0x04, basic));
  return sequence(encodeElement(0x0a, Uint8Array.of(0)), encodeElement(0xa0, bytes));
}

/** An OCSPResponse without an answer. @param status OCSPResponseStatus */
export function ocspFailure(status: number): Uint8Array {
  return sequence(encodeElement(0x0a, Uint8Array.of(status)));
}
