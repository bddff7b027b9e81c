import { constructedContextTag, contextTag, type DerReader, malformed, Tag } from './der/reader.ts';
import { asciiOf } from './der/values.ts';
import { Name } from './name.ts';

/** GeneralName (RFC 5280 section 4.2.1.6). */
export type GeneralName =
  | { readonly kind: 'dns'; readonly value: string }
  | { readonly kind: 'email'; readonly value: string }
  | { readonly kind: 'uri'; readonly value: string }
  /** 4 or 16 octets; in name constraints the address and the mask, 8 or 32. */
  | { readonly kind: 'ip'; readonly value: Uint8Array }
  | { readonly kind: 'directory'; readonly value: Name }
  /** otherName, x400Address, ediPartyName, registeredID: their content octets. */
  | { readonly kind: 'other'; readonly tag: number; readonly value: Uint8Array };

/** Reads the next element of `reader` as a GeneralName. @throws TlsError `certificate-malformed` */
export function readGeneralName(reader: DerReader, what: string): GeneralName {
  const tag = reader.nextTag;
  switch (tag) {
    case contextTag(1):
      return { kind: 'email', value: asciiOf(reader.read(tag, what), what) };
    case contextTag(2):
      return { kind: 'dns', value: asciiOf(reader.read(tag, what), what) };
    case contextTag(6):
      return { kind: 'uri', value: asciiOf(reader.read(tag, what), what) };
    case contextTag(7):
      return { kind: 'ip', value: reader.read(tag, what) };
    case constructedContextTag(4): {
      // Name is a CHOICE, so its tag is explicit although the module's are implicit.
      const inner = reader.enter(tag, what);
      const value = new Name(inner.readElement(Tag.SEQUENCE, what));
      inner.finish();
      return { kind: 'directory', value };
    }
    case constructedContextTag(0):
    case constructedContextTag(3):
    case constructedContextTag(5):
    case contextTag(8):
      return { kind: 'other', tag, value: reader.read(tag, what) };
    default:
      throw malformed(what, 'not a GeneralName');
  }
}

/** GeneralNames: one or more. @param content content octets of the SEQUENCE */
export function generalNamesOf(content: DerReader, what: string): readonly GeneralName[] {
  const names: GeneralName[] = [];
  while (!content.done) names.push(readGeneralName(content, what));
  if (names.length === 0) throw malformed(what, 'holds no name');
  return names;
}
