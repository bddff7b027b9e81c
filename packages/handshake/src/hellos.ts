import { type ClientHello, type MessageVersion, NamedGroup, ProtocolVersion, TlsError } from '@handfast/wire';

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

/** Bytes of a server's key share, by group (RFC 8446 section 4.2.8.2; draft-ietf-tls-ecdhe-mlkem section 4.3). */
const serverShareLengths: ReadonlyMap<number, number> = new Map([
  [NamedGroup.x25519, 32],
  [NamedGroup.secp256r1, 65],
  [NamedGroup.secp384r1, 97],
  [NamedGroup.secp521r1, 133],
  [NamedGroup.X25519MLKEM768, 1120],
]);

export function serverShareLength(group: number): number {
  const length = serverShareLengths.get(group);
  if (length === undefined) throw new RangeError(`no key share is defined for group ${group}`);
  return length;
}

const text = new TextEncoder();

export function protocolNameBytes(name: string): Uint8Array {
  return text.encode(name);
}

/** An ALPN name for comparison and for people: its bytes as UTF-8. */
export function protocolNameText(name: Uint8Array): string {
  return new TextDecoder().decode(name);
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
