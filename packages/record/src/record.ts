import { ContentType, type ContentTypeName } from '@handfast/wire';

/** One record as its receiver sees it, with its protection removed. */
export interface TlsRecord {
  readonly type: ContentTypeName;
  /** The content: 0 to 2^14 bytes. Without protection it is a view of the bytes that were pushed. */
  readonly fragment: Uint8Array;
  /** Bytes that the record took on the wire, header included. */
  readonly wireBytes: number;
}

/** ContentType, legacy_record_version and length (RFC 8446 section 5.1). */
export const recordHeaderLength = 5;

/** The most content that a record may carry (RFC 8446 section 5.1, RFC 5246 section 6.2.1). */
export const maximumPlaintextLength = 2 ** 14;

/** The most that a protected one of TLS 1.3 may have on the wire (RFC 8446 section 5.2). */
export const maximumCiphertextLength = maximumPlaintextLength + 256;

const nameByCode: ReadonlyMap<number, ContentTypeName> = new Map(
  (Object.keys(ContentType) as ContentTypeName[]).map((name) => [ContentType[name], name]),
);

/** The content type of that code point, or undefined for one that TLS 1.2 and 1.3 do not have. */
export function contentTypeName(code: number): ContentTypeName | undefined {
  return nameByCode.get(code);
}
