import { describe, expect, it } from 'vitest';
import { Tag } from './der/reader.ts';
import { encodeElement } from './der/writer.ts';
import { Name, quoted } from './name.ts';

type Attribute = readonly [oid: readonly number[], tag: number, value: string | readonly number[]];

const cn = [0x55, 4, 3];
const o = [0x55, 4, 10];
const c = [0x55, 4, 6];
const dc = [0x09, 0x92, 0x26, 0x89, 0x93, 0xf2, 0x2c, 0x64, 0x01, 0x19];

/** A name of RDNs, the most general first. */
function nameOf(...rdns: readonly (readonly Attribute[])[]): Name {
  const encoded = rdns.map((attributes) =>
    encodeElement(
      Tag.SET,
      ...attributes.map(([oid, tag, value]) =>
        encodeElement(
          Tag.SEQUENCE,
          encodeElement(Tag.OBJECT_IDENTIFIER, Uint8Array.from(oid)),
          encodeElement(tag, typeof value === 'string' ? new TextEncoder().encode(value) : Uint8Array.from(value)),
        ),
      ),
    ),
  );
  return new Name(encodeElement(Tag.SEQUENCE, ...encoded));
}

const utf8 = (value: string): Name => nameOf([[cn, Tag.UTF8_STRING, value]]);

describe('the text of a name', () => {
  it('has the most specific part in front (RFC 4514 section 2.1)', () => {
    const name = nameOf(
      [[c, Tag.PRINTABLE_STRING, 'SE']],
      [[o, Tag.UTF8_STRING, 'Example']],
      [[cn, Tag.UTF8_STRING, 'example.org']],
    );
    expect(name.text).toBe('CN=example.org,O=Example,C=SE');
  });

  it('joins the attributes of one RDN by a plus sign', () => {
    expect(
      nameOf([
        [o, Tag.UTF8_STRING, 'Sales'],
        [cn, Tag.UTF8_STRING, 'J.  Smith'],
      ]).text,
    ).toBe('O=Sales+CN=J.  Smith');
  });

  it.for([
    ['James "Jim" Smith, III', 'CN=James \\"Jim\\" Smith\\, III'],
    ['Before\rAfter', 'CN=Before\\0dAfter'],
    [' #', 'CN=\\ #'],
    ['#x ', 'CN=\\#x\\ '],
    [' ', 'CN=\\ '],
    ['a=b+c;d<e>f\\', 'CN=a=b\\+c\\;d\\<e\\>f\\\\'],
    ['Lučić', 'CN=Lučić'],
    ['nul\0', 'CN=nul\\00'],
  ] as const)('escapes %j', ([value, text]) => {
    expect(utf8(value).text).toBe(text);
  });

  it('shows in hex what has no short name, or is no string (RFC 4514 section 2.4)', () => {
    expect(nameOf([[[0x2a, 3], Tag.UTF8_STRING, 'Hi']]).text).toBe('1.2.3=#0c024869');
    expect(nameOf([[cn, Tag.INTEGER, [5]]]).text).toBe('CN=#020105');
    expect(nameOf([[cn, Tag.UTF8_STRING, [0xff]]]).text).toBe('CN=#0c01ff');
  });

  it('reads every type of string', () => {
    expect(nameOf([[dc, Tag.IA5_STRING, 'example']]).text).toBe('DC=example');
    expect(nameOf([[cn, Tag.TELETEX_STRING, [0xe9]]]).text).toBe('CN=é');
    expect(nameOf([[cn, Tag.BMP_STRING, [0x01, 0x0d]]]).text).toBe('CN=č');
    expect(nameOf([[cn, Tag.UNIVERSAL_STRING, [0, 1, 0xf6, 0]]]).text).toBe('CN=😀');
    expect(nameOf([[cn, Tag.UNIVERSAL_STRING, [0xff, 0, 0, 0]]]).text).toBe('CN=#1c04ff000000');
  });

  it('is empty for an empty name', () => {
    expect(nameOf().text).toBe('');
    expect(nameOf().isEmpty).toBe(true);
  });

  it('is cut where it is quoted in the detail of an error', () => {
    expect(quoted(utf8('x'.repeat(10_000))).length).toBeLessThan(210);
    expect(quoted('line\nbreak')).toBe('"line\\nbreak"');
  });
});

describe('names match (RFC 5280 section 7.1)', () => {
  it.for([
    ['Good CA', 'good ca'],
    ['Good CA', '  Good   CA '],
    ['ÅNGSTRÖM', 'ångström'],
  ] as const)('%j and %j', ([a, b]) => {
    expect(utf8(a).key).toBe(utf8(b).key);
  });

  it('whatever the type of string, and the order within one RDN', () => {
    const a = nameOf([
      [cn, Tag.UTF8_STRING, 'A'],
      [o, Tag.UTF8_STRING, 'B'],
    ]);
    const b = nameOf([
      [o, Tag.PRINTABLE_STRING, 'b'],
      [cn, Tag.BMP_STRING, [0, 0x41]],
    ]);
    expect(a.key).toBe(b.key);
  });

  it('not where an RDN, an attribute or a character differs', () => {
    const base = nameOf([[c, Tag.PRINTABLE_STRING, 'SE']], [[cn, Tag.UTF8_STRING, 'A']]);
    const others = [
      nameOf([[cn, Tag.UTF8_STRING, 'A']], [[c, Tag.PRINTABLE_STRING, 'SE']]),
      nameOf([
        [c, Tag.PRINTABLE_STRING, 'SE'],
        [cn, Tag.UTF8_STRING, 'A'],
      ]),
      nameOf([[c, Tag.PRINTABLE_STRING, 'SE']], [[o, Tag.UTF8_STRING, 'A']]),
      nameOf([[c, Tag.PRINTABLE_STRING, 'SE']], [[cn, Tag.UTF8_STRING, 'B']]),
      nameOf([[c, Tag.PRINTABLE_STRING, 'SE']]),
      nameOf([[c, Tag.PRINTABLE_STRING, 'SE/2.5.4.3=a']]),
    ];
    for (const other of others) expect(other.key).not.toBe(base.key);
  });

  it('only by their bytes where they are no strings', () => {
    expect(nameOf([[cn, Tag.INTEGER, [5]]]).key).toBe(nameOf([[cn, Tag.INTEGER, [5]]]).key);
    expect(nameOf([[cn, Tag.INTEGER, [5]]]).key).not.toBe(utf8('#020105').key);
  });
});

it.for([
  ['an RDN without attributes', encodeElement(Tag.SEQUENCE, encodeElement(Tag.SET))],
  ['something that is no RDN', encodeElement(Tag.SEQUENCE, encodeElement(Tag.NULL))],
] as const)('a name with %s is refused', ([, der]) => {
  expect(() => new Name(der)).toThrow(expect.objectContaining({ reason: 'certificate-malformed' }));
});
