import { issue, KeyUsageFlags, makePki, serverAuth, serverNames } from '@handfast/certificates/testing';
import { nativeCrypto } from '@handfast/crypto/native';
import { type ConfiguredPsk, LocalSessionManager } from '@handfast/sessions';
import { certificateCompression } from '@handfast/tls';
import { CipherSuite, NamedGroup, PskKeyExchangeMode } from '@handfast/wire';
import { type LoopbackOptions, type Party, partiesOf } from '../packages/handshake/testing/loopback.ts';

/** A handshake for a peer to misbehave in. */
export interface Scenario {
  readonly name: string;
  /** Whose machine is under test. */
  readonly subject: 'client' | 'server';
  /** Both parties, before they have met. */
  readonly meet: () => { readonly client: Party; readonly server: Party };
  /** A handshake without misdeeds goes before, whose session is resumed. */
  readonly resumes: boolean;
}

interface Handshake extends Pick<Scenario, 'name' | 'resumes'>, Pick<LoopbackOptions, 'client' | 'server'> {
  /** Both know a key from outside TLS. */
  readonly psk?: true;
}

const { x25519, secp256r1 } = NamedGroup;
const protocols = { client: ['h2', 'http/1.1'], server: ['http/1.1'] };

const handshakes: readonly Handshake[] = [
  ...(['tls13', 'tls12'] as const).flatMap((version) => {
    const name = version === 'tls13' ? 'TLS 1.3' : 'TLS 1.2';
    const both = { minVersion: version, maxVersion: version };
    return [
      {
        name: `${name} mutual`,
        resumes: false,
        client: { ...both, groups: [x25519, secp256r1], applicationProtocols: protocols.client },
        server: { ...both, applicationProtocols: protocols.server, clientAuthentication: 'optional' as const },
      },
      { name: `${name} resumed`, resumes: true, client: both, server: both },
    ];
  }),
  {
    name: 'TLS 1.3 retried',
    resumes: false,
    client: { groups: [x25519, secp256r1] },
    server: { groups: [secp256r1], retryCookieKey: new Uint8Array(32).fill(7) },
  },
  {
    name: 'TLS 1.3 early data',
    resumes: true,
    client: { earlyData: 'offered', minVersion: 'tls13' },
    server: { maxEarlyData: 1000, minVersion: 'tls13' },
  },
  {
    name: 'TLS 1.3 asked later',
    resumes: false,
    client: { postHandshakeAuthentication: 'offered', recordSizeLimit: 512, grease: 'off' },
    server: { recordSizeLimit: 1024, minVersion: 'tls13' },
  },
  {
    name: 'TLS 1.3 resumed without (EC)DHE',
    resumes: true,
    client: { minVersion: 'tls13', pskKeyExchangeModes: [PskKeyExchangeMode.psk_ke] },
    server: { minVersion: 'tls13', pskKeyExchangeModes: [PskKeyExchangeMode.psk_ke] },
  },
  { name: 'TLS 1.3 external PSK', resumes: false, psk: true, client: { minVersion: 'tls13' }, server: {} },
  {
    name: 'TLS 1.3 compressed',
    resumes: false,
    client: { minVersion: 'tls13', certificateCompression },
    server: { minVersion: 'tls13', certificateCompression, clientAuthentication: 'required' },
  },
  { name: 'TLS 1.2 session ID', resumes: true, client: { maxVersion: 'tls12' }, server: { ticketCount: 0 } },
  {
    name: 'TLS 1.2 short records',
    resumes: false,
    client: { maxVersion: 'tls12', maxFragmentLength: 512 },
    server: {},
  },
  // Every version that a hello can lead to.
  { name: 'any version', resumes: false, client: {}, server: {} },
  ...[
    'TLS_DHE_RSA_WITH_AES_128_GCM_SHA256',
    'TLS_RSA_WITH_AES_128_CBC_SHA256',
    'TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA',
    'TLS_RSA_WITH_AES_128_CCM_8',
  ].map((suite) => {
    const both = { maxVersion: 'tls12', cipherSuites: [CipherSuite[suite as keyof typeof CipherSuite]] } as const;
    return { name: `TLS 1.2 ${suite}`, resumes: false, client: both, server: both };
  }),
];

/** All handshakes, each with both roles under test. */
export async function makeScenarios(): Promise<readonly Scenario[]> {
  const pki = await makePki();
  const rsa = await issue({
    kind: 'rsa-2048',
    names: serverNames,
    issuer: pki.intermediate,
    extKeyUsage: [serverAuth],
    keyUsage: KeyUsageFlags.digitalSignature | KeyUsageFlags.keyEncipherment,
  });
  const credentials = { serverCredentials: [pki.server, rsa], clientCredentials: [pki.client] };
  return handshakes.flatMap(({ name, resumes, psk, client = {}, server = {} }) => {
    const externalPsks =
      psk === undefined
        ? []
        : [{ identity: Buffer.from('us'), key: new Uint8Array(32).fill(5), hash: 'sha256' as const }];
    const parties = partiesOf({ pki, ...credentials, client, server });
    return (['client', 'server'] as const).map((subject) => ({
      name: `${name}, ${subject}`,
      subject,
      resumes,
      meet: () => ({
        client: withoutSessions(parties.client, externalPsks),
        server: withoutSessions(parties.server, externalPsks),
      }),
    }));
  });
}

/** The same party, which has not met anybody yet. */
function withoutSessions<P extends Party>(party: P, externalPsks: readonly ConfiguredPsk[]): P {
  const sessions = new LocalSessionManager({ crypto: nativeCrypto, now: Date.now, externalPsks });
  return { ...party, ports: { ...party.ports, sessions } };
}
