import { type Credential, parseCertificate } from '@handfast/certificates';
import { type OidFilter, Reader, toHex } from '@handfast/wire';

/** Of a client's credentials, those that the request's oid_filters let pass (RFC 8446 section 4.2.5). */
export function allowedBy(filters: readonly OidFilter[], credentials: readonly Credential[]): readonly Credential[] {
  if (filters.length === 0) return credentials;
  return credentials.filter((credential) => filters.every((filter) => passes(credential, filter)));
}

/** An extension that filters may be about: RFC 8446 section 4.2.5 defines two, and all others are ignored. */
interface Filterable {
  readonly oid: string;
  /** Whether the certificate's value allows all that the filter's value asks for. */
  allows(own: Uint8Array, asked: Uint8Array): boolean;
}

const filterable: ReadonlyMap<string, Filterable> = new Map([
  // KeyUsage, by the DER of its OID: every bit.
  ['0603551d0f', { oid: '2.5.29.15', allows: allowsBits }],
  // ExtendedKeyUsage: every key purpose.
  ['0603551d25', { oid: '2.5.29.37', allows: allowsPurposes }],
]);

function passes({ chain }: Credential, { oid, values }: OidFilter): boolean {
  const about = filterable.get(toHex(oid));
  const [endEntity] = chain;
  if (about === undefined || endEntity === undefined) return true;
  const own = parseCertificate(endEntity).extensions.find((extension) => extension.oid === about.oid);
  return own !== undefined && (values.length === 0 || about.allows(own.value, values));
}

/** Of two BIT STRINGs: tag, length, number of unused bits, bits. */
function allowsBits(own: Uint8Array, asked: Uint8Array): boolean {
  return asked.every((bits, index) => index < 3 || (bits & (own[index] ?? 0)) === bits);
}

function allowsPurposes(own: Uint8Array, asked: Uint8Array): boolean {
  const purposes = purposesIn(own);
  return purposesIn(asked).every((purpose) => purposes.includes(purpose));
}

/**
 * The OIDs in a SEQUENCE of them, as hex.
 * @throws TlsError `malformed-message` for a filter that holds none.
 */
function purposesIn(der: Uint8Array): readonly string[] {
  const sequence = new Reader(derContent(new Reader(der)));
  const purposes: string[] = [];
  while (sequence.remaining > 0) purposes.push(toHex(derContent(sequence)));
  return purposes;
}

/** The content of the next DER element, of up to 255 bytes. */
function derContent(reader: Reader): Uint8Array {
  reader.uint8();
  const length = reader.uint8();
  return reader.bytes(length === 0x81 ? reader.uint8() : length);
}
