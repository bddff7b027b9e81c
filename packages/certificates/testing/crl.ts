// CRLs for tests, made at run time.
import { sign } from 'node:crypto';
import { parseCertificate } from '../src/certificate.ts';
import { encodeElement } from '../src/der/writer.ts';
import { Oid } from '../src/oids.ts';
import { bitString, ecdsaWithSha256, extensionOf, generalizedTime, integer, sequence } from './encode.ts';
import type { Issued } from './pki.ts';

export interface CrlOptions {
  /** Whose key signs; it must be of P-256. */
  readonly issuer: Issued;
  readonly revoked?: readonly { readonly certificate: Issued; readonly extensions?: readonly Uint8Array[] }[];
  readonly thisUpdate?: number;
  readonly nextUpdate?: number | undefined;
  /** Up to 127; null leaves it out. */
  readonly number?: number | null;
  /** Makes it a delta CRL. */
  readonly baseNumber?: number;
  /** Further Extensions, DER. */
  readonly extensions?: readonly Uint8Array[];
}

const day = 86_400_000;

/** A CRL, DER: of yesterday, valid until tomorrow, with the number 1, where the options do not say otherwise. */
export function makeCrl(options: CrlOptions): Uint8Array {
  const { issuer, revoked = [], number = 1, baseNumber, extensions = [] } = options;
  const { thisUpdate = Date.now() - day, nextUpdate = Date.now() + day } = options;
  const entries = revoked.map((entry) => {
    const serialNumber = encodeElement(0x02, parseCertificate(entry.certificate.der).serialNumber);
    const entryExtensions = entry.extensions === undefined ? [] : [sequence(...entry.extensions)];
    return sequence(serialNumber, generalizedTime(thisUpdate), ...entryExtensions);
  });
  const all = [
    ...(number === null ? [] : [extensionOf(Oid.cRLNumber, integer(number))]),
    ...(baseNumber === undefined ? [] : [extensionOf(Oid.deltaCRLIndicator, integer(baseNumber), true)]),
    ...extensions,
  ];
  const tbs = sequence(
    integer(1),
    ecdsaWithSha256,
    parseCertificate(issuer.der).subject.der,
    generalizedTime(thisUpdate),
    generalizedTime(nextUpdate),
    ...(entries.length === 0 ? [] : [sequence(...entries)]),
    ...(all.length === 0 ? [] : [encodeElement(0xa0, sequence(...all))]),
  );
  return sequence(tbs, ecdsaWithSha256, bitString(sign('sha256', tbs, issuer.keys.privateKey)));
}

/** ReasonCode as an extension of an entry. */
export function reasonCode(reason: number): Uint8Array {
  return extensionOf(Oid.reasonCode, encodeElement(0x0a, Uint8Array.of(reason)));
}
