import fc, { type Arbitrary } from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as arbitrary from '../../test/arbitrary-messages.ts';
import type { Codec } from '../codec.ts';
import { type Reason, TlsError } from '../errors.ts';
import { fromHex, toHex } from '../hex.ts';
import { Reader } from '../reader.ts';
import { type ExtensionName, ExtensionType } from '../registries.ts';
import { Writer } from '../writer.ts';
import * as blocks from './by-message.ts';

type Block = Codec<readonly object[]>;

function encode(block: Block, extensions: readonly object[]): Uint8Array {
  const writer = new Writer();
  block.write(writer, extensions);
  return writer.finish();
}

function decode(block: Block, bytes: Uint8Array): readonly unknown[] {
  const reader = new Reader(bytes);
  const extensions = block.read(reader);
  reader.end();
  return extensions;
}

/** A block with one extension, whose content is given as it is on the wire. */
function blockOf(name: ExtensionName, data: Uint8Array): Uint8Array {
  const extension = { name: 'unknown', type: ExtensionType[name], data };
  return encode(blocks.clientHelloExtensions, [extension]);
}

function refusal(block: Block, bytes: Uint8Array): TlsError {
  try {
    decode(block, bytes);
  } catch (error) {
    if (error instanceof TlsError) return error;
    throw error;
  }
  throw new Error('it was decoded');
}

const tables: readonly (readonly [string, Block, Readonly<Record<string, Arbitrary<unknown>>>])[] = [
  ['ClientHello', blocks.clientHelloExtensions, { ...arbitrary.clientHelloContents }],
  ['ServerHello', blocks.serverHelloExtensions, { ...arbitrary.serverHelloContents }],
  ['HelloRetryRequest', blocks.helloRetryRequestExtensions, { ...arbitrary.helloRetryRequestContents }],
  ['EncryptedExtensions', blocks.encryptedExtensionsExtensions, { ...arbitrary.encryptedExtensionsContents }],
  ['CertificateRequest', blocks.certificateRequestExtensions, { ...arbitrary.certificateRequestContents }],
  ['CertificateEntry', blocks.certificateEntryExtensions, { ...arbitrary.certificateEntryContents }],
  ['NewSessionTicket', blocks.newSessionTicketExtensions, { ...arbitrary.newSessionTicketContents }],
];

const cases = tables.flatMap(([message, block, contents]) =>
  Object.entries(contents).map(([name, value]) => ({ message, block, name: name as ExtensionName, value })),
);

/** Their content has no length of its own, so any number of bytes is right. */
const open: readonly string[] = [
  'ClientHello padding',
  'ClientHello session_ticket',
  'CertificateEntry delegated_credential',
];

describe.for(cases)('$name of $message', ({ message, block, name, value }) => {
  it('decodes to what was encoded, from the registered type', () => {
    fc.assert(
      fc.property(value, (value) => {
        const bytes = encode(block, [{ name, value }]);
        expect((bytes[2] ?? 0) * 256 + (bytes[3] ?? 0)).toBe(ExtensionType[name]);
        expect(decode(block, bytes)).toEqual([{ name, value }]);
      }),
    );
  });

  if (open.includes(`${message} ${name}`)) return;
  it('is refused when its content is cut off or goes on', () => {
    const isKnown = (value: unknown) => (value as { statusType?: string }).statusType !== 'unknown';
    fc.assert(
      fc.property(value.filter(isKnown), (value) => {
        const content = encode(block, [{ name, value }]).subarray(6);
        refusal(block, blockOf(name, Uint8Array.of(...content, 1)));
        for (let length = 0; length < content.length; length++) {
          refusal(block, blockOf(name, content.subarray(0, length)));
        }
      }),
      { numRuns: 20 },
    );
  });
});

describe.for(tables)('the extensions of %s', ([, block, contents]) => {
  it('keep what is unknown or belongs to another message, as bytes and in order', () => {
    const foreign = (Object.keys(ExtensionType) as ExtensionName[]).filter((name) => !(name in contents));
    const types = [0x0a0a, ...foreign.map((name) => ExtensionType[name]), 0xfafa];
    const extensions = types.map((type) => ({ name: 'unknown', type, data: Uint8Array.of(1, 2, 3) }));
    expect(decode(block, encode(block, extensions))).toEqual(extensions);
  });

  it('are refused when one type appears twice, known or not', () => {
    const type = 0x2a2a;
    const twice = [type, type].map((type) => ({ name: 'unknown', type, data: new Uint8Array() }));
    expect(refusal(block, encode(block, twice))).toMatchObject({
      reason: 'duplicate-extension',
      alert: 'illegal_parameter',
    });
    const [name, value] = Object.entries(contents)[0] ?? [];
    const extension = { name, value: fc.sample(value ?? fc.nat(), 1)[0] };
    expect(refusal(block, encode(block, [extension, extension])).reason).toBe('duplicate-extension');
  });

  it('are not written under a name that the message does not have', () => {
    expect(() => encode(block, [{ name: 'constructor', value: {} }])).toThrow(TlsError);
  });
});

describe('the content, byte by byte, of', () => {
  it.for<[string, Block, ExtensionName, string, unknown]>([
    ['server_name', blocks.clientHelloExtensions, 'server_name', '000600000361 2e62', 'a.b'],
    ['server_name of a server', blocks.serverHelloExtensions, 'server_name', '', {}],
    ['supported_groups', blocks.clientHelloExtensions, 'supported_groups', '0004 001d 0a0a', [0x1d, 0x0a0a]],
    ['supported_versions', blocks.clientHelloExtensions, 'supported_versions', '04 0304 0303', [0x0304, 0x0303]],
    ['supported_versions of a server', blocks.serverHelloExtensions, 'supported_versions', '0304', 0x0304],
    [
      'ALPN',
      blocks.clientHelloExtensions,
      'application_layer_protocol_negotiation',
      '0006 02 6832 02 6833',
      [fromHex('6832'), fromHex('6833')],
    ],
    [
      'ALPN of a server',
      blocks.encryptedExtensionsExtensions,
      'application_layer_protocol_negotiation',
      '0003 02 6832',
      fromHex('6832'),
    ],
    [
      'key_share',
      blocks.clientHelloExtensions,
      'key_share',
      '0006 001d 0002 abcd',
      [{ group: 0x1d, keyExchange: fromHex('abcd') }],
    ],
    ['key_share without shares', blocks.clientHelloExtensions, 'key_share', '0000', []],
    ['key_share of a HelloRetryRequest', blocks.helloRetryRequestExtensions, 'key_share', '0017', 0x17],
    [
      'pre_shared_key',
      blocks.clientHelloExtensions,
      'pre_shared_key',
      `0007 0001 99 01020304 0021 20 ${'55'.repeat(32)}`,
      {
        identities: [{ identity: fromHex('99'), obfuscatedTicketAge: 0x01020304 }],
        binders: [new Uint8Array(32).fill(0x55)],
      },
    ],
    ['an obfuscated age above 2^31', blocks.newSessionTicketExtensions, 'early_data', 'ffffffff', 0xffffffff],
    [
      'status_request',
      blocks.clientHelloExtensions,
      'status_request',
      '01 0004 0002 abcd 0001 ef',
      { statusType: 'ocsp', responderIds: [fromHex('abcd')], requestExtensions: fromHex('ef') },
    ],
    [
      'status_request of another type',
      blocks.clientHelloExtensions,
      'status_request',
      '02 abcdef',
      { statusType: 'unknown', code: 2, data: fromHex('abcdef') },
    ],
    ['status_request of an entry', blocks.certificateEntryExtensions, 'status_request', '01 000001 30', fromHex('30')],
    [
      'oid_filters',
      blocks.certificateRequestExtensions,
      'oid_filters',
      '0006 02 0603 0001 05',
      [{ oid: fromHex('0603'), values: fromHex('05') }],
    ],
    ['padding', blocks.clientHelloExtensions, 'padding', '000000', 3],
    ['session_ticket', blocks.clientHelloExtensions, 'session_ticket', 'c0ffee', fromHex('c0ffee')],
    ['renegotiation_info', blocks.clientHelloExtensions, 'renegotiation_info', '00', new Uint8Array()],
  ])('%s', ([, block, name, hex, value]) => {
    const content = fromHex(hex.replaceAll(' ', ''));
    expect(decode(block, blockOf(name, content))).toEqual([{ name, value }]);
    expect(toHex(encode(block, [{ name, value }]).subarray(6))).toBe(toHex(content));
  });
});

describe('a ClientHello is refused with', () => {
  const long = (byte: string, length: number): string =>
    `${(length + 3).toString(16).padStart(4, '0')} 00 ${length.toString(16).padStart(4, '0')} ${byte.repeat(length)}`;

  it.for<[string, ExtensionName, string, Reason]>([
    ['no server name', 'server_name', '0000', 'malformed-message'],
    ['an empty host name', 'server_name', '0003 00 0000', 'malformed-message'],
    ['two host names', 'server_name', '0008 00 0001 61 00 0001 62', 'trailing-data'],
    ['a name of an unknown type', 'server_name', '0004 01 0001 61', 'malformed-message'],
    ['a NUL in a host name', 'server_name', '0006 00 0003 610062', 'malformed-message'],
    ['a line feed in a host name', 'server_name', '0005 00 0002 610a', 'malformed-message'],
    ['a host name in UTF-8', 'server_name', '0005 00 0002 c3bc', 'malformed-message'],
    ['a host name with a trailing dot', 'server_name', '0005 00 0002 612e', 'malformed-message'],
    ['a host name of 256 bytes', 'server_name', long('61', 256), 'malformed-message'],
    ['no groups', 'supported_groups', '0000', 'malformed-message'],
    ['half a group', 'supported_groups', '0003 001d 00', 'malformed-message'],
    ['no point formats', 'ec_point_formats', '00', 'malformed-message'],
    ['no signature algorithms', 'signature_algorithms', '0000', 'malformed-message'],
    ['no signature algorithms for certificates', 'signature_algorithms_cert', '0000', 'malformed-message'],
    ['no protocol names', 'application_layer_protocol_negotiation', '0000', 'malformed-message'],
    ['an empty protocol name', 'application_layer_protocol_negotiation', '0002 0000', 'malformed-message'],
    ['no certificate types', 'client_certificate_type', '00', 'malformed-message'],
    ['no compression algorithms', 'compress_certificate', '00', 'malformed-message'],
    ['a compression algorithm twice', 'compress_certificate', '06000100020001', 'illegal-parameter'],
    ['no versions', 'supported_versions', '00', 'malformed-message'],
    ['an empty cookie', 'cookie', '0000', 'malformed-message'],
    ['no PSK modes', 'psk_key_exchange_modes', '00', 'malformed-message'],
    ['no certificate authorities', 'certificate_authorities', '0000', 'malformed-message'],
    ['a share without a key', 'key_share', '0004 001d 0000', 'malformed-message'],
    ['no identities', 'pre_shared_key', `0000 0021 20 ${'00'.repeat(32)}`, 'malformed-message'],
    ['no binders', 'pre_shared_key', '0007 0001 99 00000000 0000', 'malformed-message'],
    ['an empty binder', 'pre_shared_key', '0007 0001 99 00000000 0001 00', 'malformed-message'],
    [
      'identities of no bytes',
      'pre_shared_key',
      `000c ${'0000 00000000'.repeat(2)} 0042 ${`20${'00'.repeat(32)}`.repeat(2)}`,
      'malformed-message',
    ],
    ['an empty responder ID', 'status_request', '01 0002 0000 0000', 'malformed-message'],
    ['an empty distinguished name', 'certificate_authorities', '0005 0000 0001 30', 'malformed-message'],
    [
      'more binders than identities',
      'pre_shared_key',
      `0007 0001 99 00000000 0042 ${`20${'00'.repeat(32)}`.repeat(2)}`,
      'illegal-parameter',
    ],
    ['content in extended_master_secret', 'extended_master_secret', '00', 'trailing-data'],
    ['content in early_data', 'early_data', '00', 'trailing-data'],
    ['a MaxFragmentLength of 0', 'max_fragment_length', '00', 'illegal-parameter'],
    ['a MaxFragmentLength of 5', 'max_fragment_length', '05', 'illegal-parameter'],
    ['a record size limit of 63', 'record_size_limit', '003f', 'illegal-parameter'],
    ['padding that is not zero', 'padding', '0001', 'illegal-parameter'],
  ])('%s', ([, name, hex, reason]) => {
    const error = refusal(blocks.clientHelloExtensions, blockOf(name, fromHex(hex.replaceAll(' ', ''))));
    expect(error.reason).toBe(reason);
    expect(error.detail.startsWith(`${name}: `)).toBe(true);
  });

  it('a host name of 255 bytes it accepts', () => {
    const bytes = blockOf('server_name', fromHex(long('61', 255).replaceAll(' ', '')));
    expect(decode(blocks.clientHelloExtensions, bytes)).toEqual([{ name: 'server_name', value: 'a'.repeat(255) }]);
  });
});

describe('a server is refused with', () => {
  it.for<[string, Block, ExtensionName, string, Reason]>([
    [
      'two protocol names',
      blocks.serverHelloExtensions,
      'application_layer_protocol_negotiation',
      '0006 02 6832 02 6833',
      'trailing-data',
    ],
    [
      'two protocol names in TLS 1.3',
      blocks.encryptedExtensionsExtensions,
      'application_layer_protocol_negotiation',
      '0006 02 6832 02 6833',
      'trailing-data',
    ],
    [
      'an empty protocol name',
      blocks.serverHelloExtensions,
      'application_layer_protocol_negotiation',
      '0001 00',
      'malformed-message',
    ],
    [
      'an OID filter without an OID',
      blocks.certificateRequestExtensions,
      'oid_filters',
      '0003 00 0000',
      'malformed-message',
    ],
    ['a name in server_name', blocks.serverHelloExtensions, 'server_name', '0006 00 0003 612e62', 'trailing-data'],
    ['no timestamps', blocks.serverHelloExtensions, 'signed_certificate_timestamp', '0000', 'malformed-message'],
    [
      'an empty timestamp',
      blocks.serverHelloExtensions,
      'signed_certificate_timestamp',
      '0002 0000',
      'malformed-message',
    ],
    [
      'a status that is not OCSP',
      blocks.certificateEntryExtensions,
      'status_request',
      '02 000001 30',
      'malformed-message',
    ],
    ['an empty OCSP response', blocks.certificateEntryExtensions, 'status_request', '01 000000', 'malformed-message'],
  ])('%s', ([, block, name, hex, reason]) => {
    expect(refusal(block, blockOf(name, fromHex(hex.replaceAll(' ', '')))).reason).toBe(reason);
  });
});
