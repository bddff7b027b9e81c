import { toHex } from '@handfast/wire';
import { type DerReader, enterOnly, malformed, Tag } from './der/reader.ts';
import { oidOf } from './der/values.ts';
import { attributeNames } from './oids.ts';

export interface NameAttribute {
  /** Dotted OID. */
  readonly type: string;
  /** The whole element, DER. */
  readonly value: Uint8Array;
}

export type RelativeDistinguishedName = readonly NameAttribute[];

/** A distinguished name (RFC 5280 section 4.1.2.4). */
export class Name {
  /** The RDNSequence, DER. */
  readonly der: Uint8Array;
  /** In the order of the encoding: the most general first. */
  readonly rdns: readonly RelativeDistinguishedName[];
  #text: string | undefined;
  #keys: readonly string[] | undefined;
  #key: string | undefined;

  /** @throws TlsError `certificate-malformed` */
  constructor(der: Uint8Array) {
    this.der = der;
    this.rdns = readRdns(enterOnly(der, Tag.SEQUENCE, 'Name'));
  }

  get isEmpty(): boolean {
    return this.rdns.length === 0;
  }

  /** The name as RFC 4514 writes it: `CN=example.org,O=Example,C=SE`. Empty for an empty name. */
  get text(): string {
    this.#text ??= this.rdns.toReversed().map(rdnText).join(',');
    return this.#text;
  }

  /** Equal for names that match by RFC 5280 section 7.1: without regard to case, needless spaces and string type. */
  get key(): string {
    this.#key ??= this.rdnKeys.join('/');
    return this.#key;
  }

  /** The parts of `key`, one for each RDN. */
  get rdnKeys(): readonly string[] {
    this.#keys ??= this.rdns.map(rdnKey);
    return this.#keys;
  }
}

/** What a peer chose, in quotes and cut to a bearable length, for the details of errors. */
export function quoted(value: Name | string): string {
  const text = typeof value === 'string' ? JSON.stringify(value).slice(1, -1) : value.text;
  return `"${text.length > 200 ? `${text.slice(0, 200)}…` : text}"`;
}

/** The text of an attribute's value; undefined where it is no string, or a malformed one. */
export function stringOf({ value }: NameAttribute): string | undefined {
  const tag = value[0] ?? 0;
  const content = contentOf(value);
  switch (tag) {
    case Tag.UTF8_STRING:
      return utf8Of(content);
    case Tag.PRINTABLE_STRING:
    case Tag.IA5_STRING:
      return content.every((octet) => octet < 0x80) ? charactersOf(content, 1) : undefined;
    case Tag.TELETEX_STRING:
      // Nobody writes T.61; what is found in it is Latin-1.
      return charactersOf(content, 1);
    case Tag.BMP_STRING:
      return charactersOf(content, 2);
    case Tag.UNIVERSAL_STRING:
      return charactersOf(content, 4);
    default:
      return undefined;
  }
}

/** @param set content of a RelativeDistinguishedName. @throws TlsError `certificate-malformed` */
export function readRdn(set: DerReader): RelativeDistinguishedName {
  const attributes: NameAttribute[] = [];
  while (!set.done) {
    const attribute = set.enter(Tag.SEQUENCE, 'AttributeTypeAndValue');
    attributes.push({
      type: oidOf(attribute.read(Tag.OBJECT_IDENTIFIER, 'AttributeType'), 'AttributeType'),
      value: attribute.readElement(undefined, 'AttributeValue'),
    });
    attribute.finish();
  }
  if (attributes.length === 0) throw malformed('RelativeDistinguishedName', 'is empty');
  return attributes;
}

function readRdns(reader: DerReader): readonly RelativeDistinguishedName[] {
  const rdns: RelativeDistinguishedName[] = [];
  while (!reader.done) rdns.push(readRdn(reader.enter(Tag.SET, 'RelativeDistinguishedName')));
  return rdns;
}

function rdnText(rdn: RelativeDistinguishedName): string {
  return rdn.map(attributeText).join('+');
}

function attributeText(attribute: NameAttribute): string {
  const name = attributeNames.get(attribute.type);
  const text = stringOf(attribute);
  // RFC 4514 section 2.4: a type without a short name, and a value that is no string, show as they are encoded.
  if (name === undefined || text === undefined) return `${name ?? attribute.type}=#${toHex(attribute.value)}`;
  return `${name}=${escaped(text)}`;
}

function escaped(text: string): string {
  return text.replace(/^[# ]|[\\",+;<>]| $/g, '\\$&').replace(/\p{Cc}/gu, (control) => {
    const octets = new TextEncoder().encode(control);
    return Array.from(octets, (octet) => `\\${octet.toString(16).padStart(2, '0')}`).join('');
  });
}

/** An RDN in the form in which equal ones are the same string; `/` and `+` in values cannot be mistaken for ours. */
export function rdnKey(rdn: RelativeDistinguishedName): string {
  return rdn.map(attributeKey).sort().join('+');
}

function attributeKey(attribute: NameAttribute): string {
  const text = stringOf(attribute);
  if (text === undefined) return `${attribute.type}=#${toHex(attribute.value)}`;
  const prepared = text.normalize('NFKC').toLowerCase().trim().replace(/\s+/g, ' ');
  return `${attribute.type}=${prepared.replace(/[\\/+#]/g, '\\$&')}`;
}

function contentOf(element: Uint8Array): Uint8Array {
  const length = element[1] ?? 0;
  return element.subarray(length < 0x80 ? 2 : 2 + (length & 0x7f));
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function utf8Of(content: Uint8Array): string | undefined {
  try {
    return utf8.decode(content);
  } catch {
    return undefined;
  }
}

function charactersOf(content: Uint8Array, width: number): string | undefined {
  if (content.length % width !== 0) return undefined;
  let text = '';
  for (let index = 0; index < content.length; index += width) {
    let code = 0;
    for (const octet of content.subarray(index, index + width)) code = code * 256 + octet;
    if (code > 0x10ffff) return undefined;
    // BMPString is UCS-2; pairs of surrogates in it are read as UTF-16, as they are meant.
    text += width === 2 ? String.fromCharCode(code) : String.fromCodePoint(code);
  }
  return text;
}
