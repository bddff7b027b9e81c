import { X509Certificate } from 'node:crypto';
import { TlsError } from '@handfast/wire';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { extension, extensionOid, forge, type TbsFields } from '../testing/forge.ts';
import { issue, makePki, type Pki } from '../testing/pki.ts';
import { parseCertificate } from './certificate.ts';
import { DerReader, Tag } from './der/reader.ts';
import { encodeElement } from './der/writer.ts';

let pki: Pki;
beforeAll(async () => {
  pki = await makePki({ kinds: ['ecdsa-p256', 'ecdsa-p384', 'ed25519', 'rsa-2048'] });
});

const bytes = (...octets: number[]): Uint8Array => Uint8Array.from(octets);
const text = (value: string): Uint8Array => new TextEncoder().encode(value);
const sequence = (...parts: Uint8Array[]): Uint8Array => encodeElement(Tag.SEQUENCE, ...parts);
const malformed = (detail: string | RegExp = '') =>
  expect.objectContaining({ reason: 'certificate-malformed', detail: expect.stringMatching(detail) });

/** The server's certificate with changes, read. */
function parseForged(change: (fields: TbsFields) => Partial<TbsFields>, outerAlgorithm?: Uint8Array) {
  return parseCertificate(forge(pki.server, pki.intermediate, change, outerAlgorithm));
}

/** As `parseForged`, with one more extension. */
function parseWith(number: number, value: Uint8Array, critical = false) {
  return parseForged(({ extensions = [] }) => ({
    extensions: [
      ...extensions.filter((each) => !Buffer.from(each).includes(Buffer.from([6, 3, ...extensionOid(number)]))),
      extension(extensionOid(number), critical, value),
    ],
  }));
}

describe('reading a certificate', () => {
  it('finds what Node finds in it', () => {
    for (const issued of [pki.root, pki.intermediate, ...Object.values(pki.servers), ...Object.values(pki.clients)]) {
      const certificate = parseCertificate(issued.der);
      const node = new X509Certificate(issued.der);
      expect(certificate.notBefore).toBe(Date.parse(node.validFrom));
      expect(certificate.notAfter).toBe(Date.parse(node.validTo));
      expect(Buffer.from(certificate.spki)).toEqual(node.publicKey.export({ format: 'der', type: 'spki' }));
      expect(BigInt(`0x${Buffer.from(certificate.serialNumber).toString('hex')}`)).toBe(
        BigInt(`0x${node.serialNumber}`),
      );
      expect(certificate.subject.text).toBe(node.subject.split('\n').reverse().join(','));
      expect(certificate.issuer.text).toBe(node.issuer.split('\n').reverse().join(','));
      expect(certificate.basicConstraints?.isCa ?? false).toBe(node.ca);
      expect(certificate.version).toBe(3);
    }
  });

  it('reads its extensions', async () => {
    const { der } = await issue({
      names: ['example.org', '192.0.2.1'],
      extKeyUsage: ['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2'],
      caIssuers: 'http://example.org/ca.cer',
      issuer: pki.root,
    });
    const certificate = parseCertificate(der);
    expect(certificate).toMatchObject({
      keyUsage: { digitalSignature: true, keyEncipherment: false, keyCertSign: false, cRLSign: false },
      extKeyUsage: ['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2'],
      subjectAltName: [
        { kind: 'dns', value: 'example.org' },
        { kind: 'ip', value: bytes(192, 0, 2, 1) },
      ],
      caIssuers: ['http://example.org/ca.cer'],
      basicConstraints: undefined,
      nameConstraints: undefined,
    });
    expect(certificate.authorityKeyIdentifier).toEqual({
      keyIdentifier: parseCertificate(pki.root.der).subjectKeyIdentifier,
      namesCertificate: false,
    });
    expect(parseCertificate(pki.intermediate.der)).toMatchObject({
      keyUsage: { digitalSignature: false, keyEncipherment: false, keyCertSign: true, cRLSign: true },
      basicConstraints: { isCa: true, pathLength: 0 },
    });
  });

  it('reads certificates of version 1', () => {
    const certificate = parseForged(() => ({ version: undefined, extensions: undefined }));
    expect(certificate).toMatchObject({ version: 1, extensions: [] });
  });

  it('reads the same bytes once', () => {
    expect(parseCertificate(new Uint8Array(pki.server.der))).toBe(parseCertificate(pki.server.der));
  });

  it('does not depend on the bytes it was given', () => {
    const der = Buffer.from(forge(pki.server, pki.intermediate, () => ({})));
    const certificate = parseCertificate(der);
    const before = certificate.subject.text;
    der.fill(0);
    expect(certificate.der[0]).toBe(Tag.SEQUENCE);
    expect(certificate.subject.text).toBe(before);
  });
});

describe('a certificate is refused', () => {
  it('where the signature algorithm outside differs from the one that is signed', () => {
    const sha384 = sequence(encodeElement(Tag.OBJECT_IDENTIFIER, bytes(0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 3)));
    expect(() => parseForged(() => ({}), sha384)).toThrow(malformed('signatureAlgorithm differs'));
  });

  it.for<[string, (fields: TbsFields) => Partial<TbsFields>]>([
    ['version 1 is written out', () => ({ version: bytes(0xa0, 3, 2, 1, 0), extensions: undefined })],
    ['the version is unknown', () => ({ version: bytes(0xa0, 3, 2, 1, 3) })],
    ['it has extensions in version 1', () => ({ version: undefined })],
    ['it has extensions in version 2', () => ({ version: bytes(0xa0, 3, 2, 1, 1) })],
    [
      'it has unique identifiers in version 1',
      () => ({ version: undefined, extensions: undefined, beforeExtensions: bytes(0x81, 2, 0, 1) }),
    ],
    ['its list of extensions is empty', () => ({ extensions: [] })],
    [
      'an extension stands twice',
      ({ extensions = [] }) => ({ extensions: [...extensions, ...extensions.slice(0, 1)] }),
    ],
    ['its serial number is not in its shortest form', () => ({ serialNumber: bytes(2, 2, 0, 5) })],
    ['its serial number is empty', () => ({ serialNumber: bytes(2, 0) })],
    ['fields follow the last', ({ spki }) => ({ beforeExtensions: spki })],
    [
      'its validity has a time with an offset',
      () => ({
        validity: sequence(encodeElement(0x17, text('240101000000+0000')), encodeElement(0x17, text('300101000000Z'))),
      }),
    ],
    [
      'its validity has a third time',
      ({ validity }) => ({ validity: sequence(validity.subarray(2), encodeElement(0x17, text('300101000000Z'))) }),
    ],
    [
      'an extension writes out that it is not critical',
      () => ({
        extensions: [
          sequence(
            encodeElement(Tag.OBJECT_IDENTIFIER, bytes(...extensionOid(99))),
            encodeElement(Tag.BOOLEAN, bytes(0)),
            encodeElement(Tag.OCTET_STRING),
          ),
        ],
      }),
    ],
    [
      'an extension is critical by a BOOLEAN of BER',
      () => ({
        extensions: [
          sequence(
            encodeElement(Tag.OBJECT_IDENTIFIER, bytes(...extensionOid(99))),
            encodeElement(Tag.BOOLEAN, bytes(1)),
            encodeElement(Tag.OCTET_STRING),
          ),
        ],
      }),
    ],
  ])('where %s', ([, change]) => {
    expect(() => parseForged(change)).toThrow(malformed());
  });

  it('where its encoding is BER', () => {
    // The first length of a certificate has two octets here; with a third it says the same, but not as DER says it.
    const { der } = pki.server;
    expect(der[1]).toBe(0x82);
    const longer = Uint8Array.of(0x30, 0x83, 0, ...der.subarray(2));
    expect(() => parseCertificate(longer)).toThrow(malformed('shortest form'));
  });

  it('where anything follows its signature', () => {
    const content = new DerReader(pki.server.der, 'test').read(Tag.SEQUENCE, 'test');
    expect(() => parseCertificate(sequence(content))).not.toThrow();
    expect(() => parseCertificate(sequence(content, bytes(5, 0)))).toThrow(malformed('2 bytes follow'));
  });

  it('where anything follows it', () => {
    expect(() => parseCertificate(Uint8Array.of(...pki.server.der, 0))).toThrow(malformed('1 bytes follow'));
  });

  it.for<[string, number, Uint8Array]>([
    ['basicConstraints that write out FALSE', 19, sequence(bytes(1, 1, 0))],
    ['basicConstraints with a path length for what is no CA', 19, sequence(bytes(2, 1, 0))],
    ['basicConstraints with a negative path length', 19, sequence(bytes(1, 1, 0xff, 2, 1, 0xff))],
    ['keyUsage without a bit', 15, bytes(3, 1, 0)],
    ['keyUsage with unused bits set', 15, bytes(3, 2, 4, 0x81)],
    ['no extended key usage', 37, sequence()],
    ['no alternative name', 17, sequence()],
    ['an alternative name of an unknown kind', 17, sequence(bytes(0x89, 1, 1))],
    ['an alternative name that is not ASCII', 17, sequence(bytes(0x82, 2, 0xc3, 0xa5))],
    ['an IP address of 8 octets', 17, sequence(encodeElement(0x87, new Uint8Array(8)))],
    ['name constraints without a subtree', 30, sequence()],
    ['an empty list of subtrees', 30, sequence(bytes(0xa0, 0))],
    ['a subtree with a minimum', 30, sequence(encodeElement(0xa0, sequence(bytes(0x82, 1, 0x61), bytes(0x80, 1, 1))))],
    ['an IP range without a mask', 30, sequence(encodeElement(0xa0, sequence(bytes(0x87, 4, 10, 0, 0, 0))))],
    [
      'an IP range with holes',
      30,
      sequence(encodeElement(0xa0, sequence(bytes(0x87, 8, 10, 0, 0, 0, 255, 0, 255, 0)))),
    ],
    ['a subject key identifier that is no OCTET STRING', 14, bytes(5, 0)],
    ['an authority key identifier with an issuer but no serial number', 35, sequence(bytes(0xa1, 3, 0x82, 1, 0x61))],
    ['an authority key identifier with a serial number but no issuer', 35, sequence(bytes(0x82, 1, 1))],
  ])('with %s', ([, number, value]) => {
    expect(() => parseWith(number, value)).toThrow(malformed());
    expect(() => parseWith(99, value)).not.toThrow();
  });

  it('with malformed authorityInfoAccess', () => {
    const oid = [0x2b, 6, 1, 5, 5, 7, 1, 1];
    for (const value of [sequence(), bytes(4, 1, 1), sequence(sequence(bytes(6, 1, 0x2a)))]) {
      const parse = () => parseForged(() => ({ extensions: [extension(oid, false, value)] }));
      expect(parse).toThrow(malformed());
    }
  });
});

describe('whatever the bytes', () => {
  const parses = (der: Uint8Array): boolean => {
    try {
      parseCertificate(der);
      return true;
    } catch (error) {
      expect(error).toBeInstanceOf(TlsError);
      expect(error).toMatchObject({ reason: 'certificate-malformed' });
      return false;
    }
  };

  it('a certificate that is cut short is refused', () => {
    for (let length = 0; length < pki.server.der.length; length++) {
      expect(parses(pki.server.der.subarray(0, length))).toBe(false);
    }
  });

  it('nothing but a TlsError comes out of random ones', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (der) => void parses(der)));
  });

  it('nothing but a TlsError comes out of a certificate with some of them changed', () => {
    const edit = fc.record({ at: fc.nat(), octet: fc.integer({ min: 0, max: 255 }) });
    fc.assert(
      fc.property(fc.array(edit, { minLength: 1, maxLength: 4 }), (edits) => {
        const der = new Uint8Array(pki.server.der);
        for (const { at, octet } of edits) der[at % der.length] = octet;
        parses(der);
      }),
      { numRuns: 2000 },
    );
  });

  it('nothing but a TlsError comes out of a certificate with a piece exchanged, in the right length', () => {
    const elements = nestedElements(pki.intermediate.der);
    fc.assert(
      fc.property(fc.constantFrom(...elements), fc.constantFrom(...elements), (removed, inserted) => {
        parses(withReplaced(pki.intermediate.der, removed, inserted));
      }),
      { numRuns: 2000 },
    );
  });
});

/** Every element of a certificate, at any depth. */
function nestedElements(der: Uint8Array): readonly Uint8Array[] {
  const reader = new DerReader(der, 'test');
  const found: Uint8Array[] = [];
  while (!reader.done) {
    const tag = reader.nextTag ?? 0;
    const element = reader.readElement(tag, 'test');
    found.push(element);
    if ((tag & 0x20) !== 0) found.push(...nestedElements(new DerReader(element, 'test').read(tag, 'test')));
  }
  return found;
}

/** The certificate with one element in place of another, and all lengths around it corrected. */
function withReplaced(der: Uint8Array, removed: Uint8Array, inserted: Uint8Array): Uint8Array {
  const reader = new DerReader(der, 'test');
  const parts: Uint8Array[] = [];
  while (!reader.done) {
    const tag = reader.nextTag ?? 0;
    const element = reader.readElement(tag, 'test');
    const isRemoved = element.byteOffset === removed.byteOffset && element.length === removed.length;
    if (isRemoved) parts.push(inserted);
    else if ((tag & 0x20) === 0) parts.push(element);
    else
      parts.push(encodeElement(tag, withReplaced(new DerReader(element, 'test').read(tag, 'test'), removed, inserted)));
  }
  return Buffer.concat(parts);
}
