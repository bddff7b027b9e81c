import {
  type ClientHello,
  ECPointFormat,
  type MessageVersion,
  NamedGroup,
  nameOf,
  ProtocolVersion,
  TlsError,
} from '@handfast/wire';

/** Facts about the hellos that both sides share. */

export const versionCode = { tls12: ProtocolVersion.tls12, tls13: ProtocolVersion.tls13 } as const satisfies Record<
  MessageVersion,
  number
>;

export const protocolName = { tls12: 'TLS 1.2', tls13: 'TLS 1.3' } as const satisfies Record<MessageVersion, string>;

/**
 * The last eight bytes of ServerHello.random by which a server that could do better says so (RFC 8446 section 4.1.3):
 * `DOWNGRD` and 1 for TLS 1.2, 0 for what is older.
 */
export const downgradeSentinel = {
  tls12: Uint8Array.of(0x44, 0x4f, 0x57, 0x4e, 0x47, 0x52, 0x44, 0x01),
  older: Uint8Array.of(0x44, 0x4f, 0x57, 0x4e, 0x47, 0x52, 0x44, 0x00),
} as const;

export function endsWith(bytes: Uint8Array, ending: Uint8Array): boolean {
  const start = bytes.length - ending.length;
  return ending.every((byte, index) => bytes[start + index] === byte);
}

/** Bytes of a server's key share and of the shared secret (RFC 8446 section 7.4, draft-ietf-tls-ecdhe-mlkem section 4). */
interface ExchangeLengths {
  readonly serverShare: number;
  readonly secret: number;
}

const exchangeLengths: ReadonlyMap<number, ExchangeLengths> = new Map([
  [NamedGroup.x25519, { serverShare: 32, secret: 32 }],
  [NamedGroup.secp256r1, { serverShare: 65, secret: 32 }],
  [NamedGroup.secp384r1, { serverShare: 97, secret: 48 }],
  [NamedGroup.secp521r1, { serverShare: 133, secret: 66 }],
  [NamedGroup.ffdhe2048, { serverShare: 256, secret: 256 }],
  [NamedGroup.ffdhe3072, { serverShare: 384, secret: 384 }],
  [NamedGroup.ffdhe4096, { serverShare: 512, secret: 512 }],
  [NamedGroup.X25519MLKEM768, { serverShare: 1120, secret: 64 }],
  [NamedGroup.SecP256r1MLKEM768, { serverShare: 1153, secret: 64 }],
  [NamedGroup.SecP384r1MLKEM1024, { serverShare: 1665, secret: 80 }],
  [NamedGroup.MLKEM768, { serverShare: 1088, secret: 32 }],
  [NamedGroup.MLKEM1024, { serverShare: 1568, secret: 32 }],
]);

export function exchangeLengthsOf(group: number): ExchangeLengths {
  const lengths = exchangeLengths.get(group);
  if (lengths === undefined) throw new RangeError(`no key exchange is defined for group ${group}`);
  return lengths;
}

/**
 * A public value of a group over a prime, as long as the prime. In TLS 1.2 it is a number, of which many leave out the
 * leading zeros (RFC 5246 section 7.4.3).
 */
export function paddedShare(group: number, value: Uint8Array): Uint8Array {
  const { serverShare: length } = exchangeLengthsOf(group);
  if (value.length >= length) return value;
  const padded = new Uint8Array(length);
  padded.set(value, length - value.length);
  return padded;
}

/** Bytes of the master secret of TLS 1.2 (RFC 5246 section 8.1). */
export const masterSecretLength = 48;

/** A MaxFragmentLength: 1 to 4 for 2^9 to 2^12 bytes (RFC 6066 section 4). */
export function fragmentLengthCode(length: 512 | 1024 | 2048 | 4096): number {
  return Math.log2(length) - 8;
}

/** The beginning of a peer's list, which may hold tens of thousands of items, and how many more there were. */
export interface Cut<Item> {
  readonly items: readonly Item[];
  readonly more: number;
}

const itemsShown = 128;

export function cut<Item>(list: readonly Item[]): Cut<Item> {
  if (list.length <= itemsShown) return { items: list, more: 0 };
  return { items: list.slice(0, itemsShown), more: list.length - itemsShown };
}

/** The registered names of a peer's code points, for people. */
export function namesOf(registry: Readonly<Record<string, number>>, codes: Cut<number>): readonly string[] {
  return inWords(codes, (code) => nameOf(registry, code));
}

/** ALPN names, for people: as UTF-8, with what cannot be printed escaped. */
export function protocolNames(names: Cut<Uint8Array>): readonly string[] {
  return inWords(names, (name) =>
    utf8.decode(name).replace(/\p{C}/gu, (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`),
  );
}

function inWords<Item>({ items, more }: Cut<Item>, textOf: (item: Item) => string): readonly string[] {
  const names = items.map(textOf);
  return more > 0 ? [...names, `and ${more} more`] : names;
}

const text = new TextEncoder();
const utf8 = new TextDecoder('utf-8', { ignoreBOM: true });

export function protocolNameBytes(name: string): Uint8Array {
  return text.encode(name);
}

/** An IPv4 or IPv6 literal, which server_name must not carry (RFC 6066 section 3). */
export function isIpLiteral(name: string): boolean {
  return /^\d{1,3}(\.\d{1,3}){3}$/.test(name) || name.includes(':');
}

/** RFC 8446 section 4.1.2: exactly the null method; RFC 5246 section 7.4.1.2: at least the null method. */
export function checkCompression(hello: ClientHello, version: MessageVersion): void {
  const methods = hello.legacyCompressionMethods;
  const right = version === 'tls13' ? methods.length === 1 && methods[0] === 0 : methods.includes(0);
  if (!right) {
    throw new TlsError('illegal-parameter', 'the client does not offer the null compression method alone', {
      step: 'ClientHello',
    });
  }
}

/** Whoever lists point formats in TLS 1.2 lists the only one that is left (RFC 8422 section 5.1.2). */
export function checkPointFormats(formats: readonly number[] | undefined, step: 'ClientHello' | 'ServerHello'): void {
  if (formats !== undefined && !formats.includes(ECPointFormat.uncompressed)) {
    throw new TlsError('illegal-parameter', 'ec_point_formats has no uncompressed points', { step });
  }
}
