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
  resumption: 'none',
} as const satisfies Partial<Wanted>;

const bases: Readonly<Record<Version, Wanted>> = {
  '1.3': { ...base, version: '1.3', suite: 'TLS_AES_128_GCM_SHA256', group: 'x25519' },
  '1.2': { ...base, version: '1.2', suite: 'TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256', group: 'x25519' },
};

const suites13 = [
  'TLS_AES_128_GCM_SHA256',
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
  'TLS_AES_128_CCM_SHA256',
];

const suites12 = ['ECDSA', 'RSA'].flatMap((authentication) =>
  ['AES_128_GCM_SHA256', 'AES_256_GCM_SHA384', 'CHACHA20_POLY1305_SHA256'].map(
    (aead) => `TLS_ECDHE_${authentication}_WITH_${aead}`,
  ),
);

/** What is there when it is asked for by name alone. */
const legacySuites12 = [
  'TLS_ECDHE_ECDSA_WITH_AES_128_CCM',
  'TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8',
  'TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384',
  'TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256',
  'TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA',
  'TLS_DHE_RSA_WITH_AES_128_GCM_SHA256',
  'TLS_DHE_RSA_WITH_AES_256_CBC_SHA256',
  'TLS_RSA_WITH_AES_128_GCM_SHA256',
  'TLS_RSA_WITH_AES_256_CBC_SHA256',
  'TLS_RSA_WITH_AES_128_CBC_SHA',
];

export const rows: readonly Row[] = [
  ...suites13.map((suite) => row('1.3', suite, { suite })),
  ...[...groups, 'ffdhe2048', 'X25519MLKEM768'].map((group) => row('1.3', `group ${group}`, { group })),
  row('1.3', 'a retried hello', { group: 'secp384r1', retried: true }),
  ...[...suites12, ...legacySuites12].map((suite) =>
    row('1.2', suite, {
      suite,
      kind: suite.includes('ECDSA') ? 'ecdsa-p256' : 'rsa-2048',
      group: suite.startsWith('TLS_DHE') ? 'ffdhe2048' : 'x25519',
    }),
  ),
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
    row(version, 'resumed by a ticket', { resumption: 'ticket' }),
    row(version, 'resumed by a ticket, client certificate', {
      resumption: 'ticket',
      clientAuth: 'required',
      clientKind: 'ecdsa-p256',
    }),
  ]),
  row('1.2', 'resumed by a session ID', { resumption: 'session ID' }),
  row('1.3', 'resumed with early data', { resumption: 'early data' }),
];

/** Those that ask the ports for different things: once more with every port over the bus. */
export const rowsOverBus = rows.filter(({ wanted: { resumption, retried, clientKind, suite } }) => {
  const exchanges = ['TLS_DHE_RSA_WITH_AES_128_GCM_SHA256', 'TLS_RSA_WITH_AES_128_GCM_SHA256'];
  return resumption !== 'none' || retried || clientKind === 'ecdsa-p256' || exchanges.includes(suite);
});

function row(version: Version, what: string, change: Partial<Wanted>): Row {
  return { feature: `TLS ${version}, ${what}`, wanted: { ...bases[version], ...change }, refused: false };
}

/** In TLS 1.2 the kind of the certificate is part of the suite. */
function withCertificate(version: Version, kind: Kind): Partial<Wanted> {
  if (version === '1.3' || !kind.startsWith('rsa')) return { kind };
  return { kind, suite: 'TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256' };
}
