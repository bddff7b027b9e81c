import type { CryptoProvider, PublicKey } from '@handfast/crypto';
import { Reader, TlsError, Writer } from '@handfast/wire';
import type { Certificate } from './certificate.ts';
import { constructedContextTag, enterOnly, readOnly, Tag } from './der/reader.ts';
import { encodeElement } from './der/writer.ts';
import type { Extension } from './extensions.ts';

/** A SignedCertificateTimestamp, version 1 (RFC 6962 section 3.2). */
export interface SignedCertificateTimestamp {
  /** SHA-256 of the log's SubjectPublicKeyInfo. */
  readonly logId: Uint8Array;
  /** Milliseconds since the Unix epoch. */
  readonly timestamp: number;
  readonly extensions: Uint8Array;
  /** Code point of a SignatureScheme: the hash and the algorithm of TLS 1.2. */
  readonly scheme: number;
  readonly signature: Uint8Array;
}

/** What a log has signed: the certificate itself, or the precertificate that announced it. */
export type SignedEntry = 'certificate' | 'precertificate';

/** Reads a serialized SCT; undefined where it is malformed, or of a version that is not known. */
export function parseSct(bytes: Uint8Array): SignedCertificateTimestamp | undefined {
  return wellFormed(() => {
    const reader = new Reader(bytes);
    if (reader.uint8() !== 0) return undefined;
    const logId = reader.bytes(32);
    const timestamp = reader.uint32() * 2 ** 32 + reader.uint32();
    const extensions = reader.vector16();
    const scheme = reader.uint16();
    const signature = reader.vector16();
    reader.end();
    return { logId, timestamp, extensions, scheme, signature };
  });
}

/** The serialized SCTs in an extension of a certificate or an OCSP response (RFC 6962 section 3.3); none if malformed. */
export function sctsIn(extensions: readonly Extension[], oid: string): readonly Uint8Array[] {
  const extension = extensions.find((candidate) => candidate.oid === oid);
  if (extension === undefined) return [];
  return (
    wellFormed(() => {
      const reader = new Reader(readOnly(extension.value, Tag.OCTET_STRING, 'SignedCertificateTimestampList'));
      const list = reader.nested(2, 1);
      reader.end();
      const scts: Uint8Array[] = [];
      while (list.remaining > 0) scts.push(list.vector16(1));
      return scts;
    }) ?? []
  );
}

/** Whether a log has signed a timestamp for the certificate. @param issuer the one that is next on its path */
export function isSctSignedBy(
  key: PublicKey,
  sct: SignedCertificateTimestamp,
  entry: SignedEntry,
  certificate: Certificate,
  issuer: Certificate,
  crypto: CryptoProvider,
): boolean {
  // RFC 6962 section 2.1.4: logs sign with ECDSA on P-256 or with RSA, over SHA-256.
  const scheme = key.kind === 'ecdsa-p256' ? 0x0403 : key.kind === 'rsa' ? 0x0401 : undefined;
  if (scheme === undefined || sct.scheme !== scheme) return false;
  return key.verify(scheme, signedData(sct, entry, certificate, issuer, crypto), sct.signature);
}

/** RFC 6962 section 3.2: the structure that is digitally signed. */
function signedData(
  { timestamp, extensions }: SignedCertificateTimestamp,
  entry: SignedEntry,
  certificate: Certificate,
  issuer: Certificate,
  crypto: CryptoProvider,
): Uint8Array {
  const writer = new Writer(certificate.der.length + 128);
  writer.uint8(0);
  writer.uint8(0);
  writer.uint32(Math.floor(timestamp / 2 ** 32));
  writer.uint32(timestamp % 2 ** 32);
  if (entry === 'certificate') {
    writer.uint16(0);
    writer.vector24(certificate.der);
  } else {
    writer.uint16(1);
    writer.bytes(crypto.hash('sha256', issuer.spki));
    writer.vector24(tbsWithoutScts(certificate));
  }
  writer.vector16(extensions);
  return writer.finish();
}

/** The TBSCertificate as it was before the timestamps were put into it, DER. */
function tbsWithoutScts({ tbs }: Certificate): Uint8Array {
  const reader = enterOnly(tbs, Tag.SEQUENCE, 'TBSCertificate');
  const parts: Uint8Array[] = [];
  const explicit = constructedContextTag(3);
  while (!reader.done && reader.nextTag !== explicit) parts.push(reader.readElement(undefined, 'TBSCertificate'));
  const list = reader.enter(explicit, 'extensions').enter(Tag.SEQUENCE, 'Extensions');
  const kept: Uint8Array[] = [];
  while (!list.done) {
    const element = list.readElement(Tag.SEQUENCE, 'Extension');
    if (!isSctList(element)) kept.push(element);
  }
  const extensions = kept.length === 0 ? [] : [encodeElement(explicit, encodeElement(Tag.SEQUENCE, ...kept))];
  return encodeElement(Tag.SEQUENCE, ...parts, ...extensions);
}

function isSctList(extension: Uint8Array): boolean {
  const oid = enterOnly(extension, Tag.SEQUENCE, 'Extension').readElement(Tag.OBJECT_IDENTIFIER, 'extnID');
  return oid.every((octet, index) => octet === sctListOid[index]) && oid.length === sctListOid.length;
}

/** 1.3.6.1.4.1.11129.2.4.2, DER. */
const sctListOid = Uint8Array.of(0x06, 0x0a, 0x2b, 0x06, 0x01, 0x04, 0x01, 0xd6, 0x79, 0x02, 0x04, 0x02);

function wellFormed<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof TlsError) return undefined;
    throw error;
  }
}
