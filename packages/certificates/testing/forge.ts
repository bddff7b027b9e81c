// Certificates that no certificate authority would issue, for tests of what must be refused.
import { sign } from 'node:crypto';
import { DerReader, enterOnly, Tag } from '../src/der/reader.ts';
import { encodeElement } from '../src/der/writer.ts';
import type { Issued } from './pki.ts';

/** The elements of a TBSCertificate, DER. What is undefined is left out. */
export interface TbsFields {
  readonly version: Uint8Array | undefined;
  readonly serialNumber: Uint8Array;
  readonly signature: Uint8Array;
  readonly issuer: Uint8Array;
  readonly validity: Uint8Array;
  readonly subject: Uint8Array;
  readonly spki: Uint8Array;
  /** Unique identifiers, or what does not belong there. */
  readonly beforeExtensions: Uint8Array | undefined;
  /** One element for each Extension; undefined to leave the whole field out. */
  readonly extensions: readonly Uint8Array[] | undefined;
}

/**
 * The certificate with some of its fields exchanged, and signed again with ECDSA P-256 and SHA-256.
 * @param outerAlgorithm signatureAlgorithm outside of TBSCertificate, by default the one inside
 */
export function forge(
  template: Issued,
  signer: Issued,
  change: (fields: TbsFields) => Partial<TbsFields>,
  outerAlgorithm?: Uint8Array,
): Uint8Array {
  const original = fieldsOf(template.der);
  const fields = { ...original, ...change(original) };
  const tbs = encodeElement(
    Tag.SEQUENCE,
    ...[
      fields.version,
      fields.serialNumber,
      fields.signature,
      fields.issuer,
      fields.validity,
      fields.subject,
      fields.spki,
      fields.beforeExtensions,
      fields.extensions && encodeElement(0xa3, encodeElement(Tag.SEQUENCE, ...fields.extensions)),
    ].filter((element) => element !== undefined),
  );
  const signature = sign('sha256', tbs, signer.keys.privateKey);
  return encodeElement(
    Tag.SEQUENCE,
    tbs,
    outerAlgorithm ?? fields.signature,
    encodeElement(Tag.BIT_STRING, Uint8Array.of(0), signature),
  );
}

/** An Extension, DER. @param oid its content octets */
export function extension(oid: readonly number[], critical: boolean, value: Uint8Array): Uint8Array {
  return encodeElement(
    Tag.SEQUENCE,
    encodeElement(Tag.OBJECT_IDENTIFIER, Uint8Array.from(oid)),
    ...(critical ? [encodeElement(Tag.BOOLEAN, Uint8Array.of(0xff))] : []),
    encodeElement(Tag.OCTET_STRING, value),
  );
}

/** Content octets of the OID of an extension of RFC 5280, `2.5.29.number`. */
export function extensionOid(number: number): readonly number[] {
  return [0x55, 0x1d, number];
}

function fieldsOf(der: Uint8Array): TbsFields {
  const reader = enterOnly(der, Tag.SEQUENCE, 'Certificate').enter(Tag.SEQUENCE, 'TBSCertificate');
  return {
    version: reader.readElement(0xa0, 'version'),
    serialNumber: reader.readElement(Tag.INTEGER, 'serialNumber'),
    signature: reader.readElement(Tag.SEQUENCE, 'signature'),
    issuer: reader.readElement(Tag.SEQUENCE, 'issuer'),
    validity: reader.readElement(Tag.SEQUENCE, 'validity'),
    subject: reader.readElement(Tag.SEQUENCE, 'subject'),
    spki: reader.readElement(Tag.SEQUENCE, 'spki'),
    beforeExtensions: undefined,
    extensions: elementsOf(reader.enter(0xa3, 'extensions').read(Tag.SEQUENCE, 'Extensions')),
  };
}

function elementsOf(content: Uint8Array): readonly Uint8Array[] {
  const reader = new DerReader(content, 'Extensions');
  const elements: Uint8Array[] = [];
  while (!reader.done) elements.push(reader.readElement(Tag.SEQUENCE, 'Extension'));
  return elements;
}
