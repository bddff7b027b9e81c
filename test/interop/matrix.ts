import { type Kind, kinds } from '../support/certificates.ts';
import type { Version } from '../support/peers/openssl.ts';
import { openSslGroup } from '../support/peers/openssl-names.ts';

/** One combination to make a handshake with, in the names of IANA. */
export interface Combination {
  readonly version: Version;
  readonly suite: string;
  readonly group: Group;
  readonly kind: Kind;
  readonly title: string;
}

export const groups = ['x25519', 'secp256r1', 'secp384r1', 'secp521r1'] as const;

export type Group = (typeof groups)[number] | 'X25519MLKEM768';

const suites13 = ['TLS_AES_128_GCM_SHA256', 'TLS_AES_256_GCM_SHA384', 'TLS_CHACHA20_POLY1305_SHA256'] as const;
const aeads12 = ['AES_128_GCM_SHA256', 'AES_256_GCM_SHA384', 'CHACHA20_POLY1305_SHA256'] as const;

/** Every group with every kind of certificate, and the suites in turn, so that each meets each of both. */
export const combinations13: readonly Combination[] = groups.flatMap((group, row) =>
  kinds.map((kind, column) => combination('1.3', inTurn(suites13, row + column), group, kind)),
);

/**
 * The same for TLS 1.2. There OpenSSL wants a certificate's curve among the groups that it offers, and our server takes
 * the first that both have: so a curve's certificate goes with the groups up to its own.
 */
export const combinations12: readonly Combination[] = groups.flatMap((group, row) =>
  kinds.flatMap((kind, column) => {
    const own = curveOf(kind);
    if (own !== undefined && groups.indexOf(own) < row) return [];
    const authentication = kind.startsWith('rsa') ? 'RSA' : 'ECDSA';
    return [combination('1.2', `TLS_ECDHE_${authentication}_WITH_${inTurn(aeads12, row + column)}`, group, kind)];
  }),
);

export const combinations: readonly Combination[] = [...combinations13, ...combinations12];

/** The hybrid group, which only Node's own OpenSSL has. */
export const hybrids: readonly Combination[] = kinds.map((kind, column) =>
  combination('1.3', inTurn(suites13, column), 'X25519MLKEM768', kind),
);

/** For the names of tests: `it.for(byTitle(…))('%s', …)`. */
export function byTitle(list: readonly Combination[]): readonly (readonly [string, Combination])[] {
  return list.map((each) => [each.title, each]);
}

/** The curve of an ECDSA certificate; undefined where it has none. */
export function curveOf(kind: Kind): (typeof groups)[number] | undefined {
  const curves = { 'ecdsa-p256': 'secp256r1', 'ecdsa-p384': 'secp384r1', 'ecdsa-p521': 'secp521r1' } as const;
  return kind in curves ? curves[kind as keyof typeof curves] : undefined;
}

/** How `s_client` words the group that was used. */
export const temporaryKey = {
  x25519: 'X25519, 253 bits',
  secp256r1: 'ECDH, prime256v1, 256 bits',
  secp384r1: 'ECDH, secp384r1, 384 bits',
  secp521r1: 'ECDH, secp521r1, 521 bits',
} as const satisfies Record<(typeof groups)[number], string>;

/** What a client offers to get that group: beside it, in TLS 1.2, the certificate's own curve. */
export function offeredGroups({ version, group, kind }: Combination): string {
  const own = version === '1.2' ? curveOf(kind) : undefined;
  return [...new Set([group, ...(own === undefined ? [] : [own])])].map(openSslGroup).join(':');
}

function combination(version: Version, suite: string, group: Group, kind: Kind): Combination {
  return { version, suite, group, kind, title: `TLS ${version} ${suite} ${group} ${kind}` };
}

function inTurn<T>(values: readonly [T, ...T[]] | readonly T[], index: number): T {
  return values[index % values.length] as T;
}
