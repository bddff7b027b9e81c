import { type Kind, kinds } from '../support/certificates.ts';
import type { Version } from '../support/peers/openssl.ts';
import type { Wanted } from '../support/peers/peer.ts';
import { groups } from './matrix.ts';

/** One handshake that every peer makes with us, as a client and as a server. */
export interface Row {
  /** `TLS 1.3, group x25519` */
  readonly feature: string;
  readonly wanted: Wanted;
  /** The server refuses the client. */
  readonly refused: boolean;
}

/** Each dimension is varied around one point: a product of all of them would tell little more, and take hours. */
const base = {
  retried: false,
  kind: 'ecdsa-p256',
  clientAuth: 'none',
  clientKind: undefined,
  protocol: undefined,
} as const satisfies Partial<Wanted>;

const bases: Readonly<Record<Version, Wanted>> = {
  '1.3': { ...base, version: '1.3', suite: 'TLS_AES_128_GCM_SHA256', group: 'x25519' },
  '1.2': { ...base, version: '1.2', suite: 'TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256', group: 'x25519' },
};

const suites13 = ['TLS_AES_128_GCM_SHA256', 'TLS_AES_256_GCM_SHA384', 'TLS_CHACHA20_POLY1305_SHA256'];

const suites12 = ['ECDSA', 'RSA'].flatMap((authentication) =>
  ['AES_128_GCM_SHA256', 'AES_256_GCM_SHA384', 'CHACHA20_POLY1305_SHA256'].map(
    (aead) => `TLS_ECDHE_${authentication}_WITH_${aead}`,
  ),
);

export const rows: readonly Row[] = [
  ...suites13.map((suite) => row('1.3', suite, { suite })),
  ...[...groups, 'X25519MLKEM768'].map((group) => row('1.3', `group ${group}`, { group })),
  row('1.3', 'a retried hello', { group: 'secp384r1', retried: true }),
  ...suites12.map((suite) => row('1.2', suite, { suite, kind: suite.includes('RSA') ? 'rsa-2048' : 'ecdsa-p256' })),
  // With a certificate of RSA, for those of ECDSA ask for groups of their own.
  ...groups.map((group) => row('1.2', `group ${group}`, { group, ...withCertificate('1.2', 'rsa-2048') })),
  ...(['1.3', '1.2'] as const).flatMap((version) => [
    ...kinds.map((kind) => row(version, `server certificate ${kind}`, withCertificate(version, kind))),
    ...kinds.map((kind) =>
      row(version, `client certificate ${kind}, required`, { clientAuth: 'required', clientKind: kind }),
    ),
    row(version, 'client certificate, optional', { clientAuth: 'optional', clientKind: 'ecdsa-p256' }),
    row(version, 'no client certificate, optional', { clientAuth: 'optional' }),
    { ...row(version, 'no client certificate, required: refused', { clientAuth: 'required' }), refused: true },
    row(version, 'ALPN', { protocol: 'http/1.1' }),
  ]),
];

function row(version: Version, what: string, change: Partial<Wanted>): Row {
  return { feature: `TLS ${version}, ${what}`, wanted: { ...bases[version], ...change }, refused: false };
}

/** In TLS 1.2 the kind of the certificate is part of the suite. */
function withCertificate(version: Version, kind: Kind): Partial<Wanted> {
  if (version === '1.3' || !kind.startsWith('rsa')) return { kind };
  return { kind, suite: 'TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256' };
}
