import { type Credential, parseCertificate } from '@handfast/certificates';
import { issue, KeyUsageFlags, makePki } from '@handfast/certificates/testing';
import { CipherSuite, type MessageVersion, NamedGroup, SignatureScheme } from '@handfast/wire';
import { describe, expect, test } from 'vitest';
import { changed, including } from '../testing/habits.ts';
import { credentialOf, Loopback, type LoopbackOptions } from '../testing/loopback.ts';
import { Bout } from '../testing/sparring-partner.ts';

const pki = await makePki({ kinds: ['ecdsa-p256', 'ecdsa-p384', 'rsa-2048'] });
const { 'ecdsa-p256': p256 = pki.server, 'ecdsa-p384': p384 = pki.server, 'rsa-2048': rsa = pki.server } = pki.servers;
const elsewhere = await issue({ names: ['elsewhere.example'], issuer: pki.intermediate });
/** For RSA key transport. */
const decrypting = await issue({
  names: ['localhost'],
  issuer: pki.intermediate,
  kind: 'rsa-2048',
  keyUsage: KeyUsageFlags.keyEncipherment,
});
const ours = [p256, p384, rsa, elsewhere, decrypting];
const versions: readonly MessageVersion[] = ['tls12', 'tls13'];
const rootName = parseCertificate(pki.root.der).subject.der;
const nobody = Uint8Array.of(0x30, 0);

function run(options: Omit<LoopbackOptions, 'pki'>): Loopback {
  return new Loopback({ pki, serverCredentials: ours, ...options }).run();
}

function listed(credential: Credential): Credential {
  return { ...credential, issuers: 'listed' };
}

describe('a server of TLS 1.2 takes the first suite that one of its certificates serves', () => {
  const { TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256: withEcdsa, TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256: withRsa } =
    CipherSuite;
  const { TLS_RSA_WITH_AES_128_GCM_SHA256: keyTransport } = CipherSuite;
  const both = { cipherSuites: [withEcdsa, withRsa, keyTransport] };
  const verifying = (...signatureSchemes: readonly number[]) => ({ ...both, signatureSchemes });

  /** The suite and the certificate that come of it. */
  function chosen({ client = {}, server = {} }: Omit<LoopbackOptions, 'pki'>) {
    const loopback = run({ client: { ...both, ...client }, server: { ...both, ...server, maxVersion: 'tls12' } });
    const { cipherSuite, serverChain } = loopback.server.connection.timeline.negotiated;
    return [cipherSuite, ours.find(({ der }) => equal(der, serverChain?.[0]))];
  }
  const equal = (one: Uint8Array, other: Uint8Array | undefined) => Buffer.from(one).equals(other ?? new Uint8Array(0));
  const having = (...issued: readonly (typeof rsa)[]) => ({ credentials: issued.map(credentialOf) });

  test('by the kind of their keys', () => {
    expect(chosen({ server: having(rsa, p256) })).toEqual(['TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256', p256]);
    expect(chosen({ server: having(rsa) })).toEqual(['TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256', rsa]);
  });

  test('by what the client verifies', () => {
    const server = having(p256, rsa);
    const client = verifying(SignatureScheme.rsa_pss_rsae_sha256);
    expect(chosen({ client, server })).toEqual(['TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256', rsa]);
    const ecdsa = verifying(SignatureScheme.ecdsa_secp256r1_sha256);
    expect(chosen({ client: ecdsa, server: having(decrypting) })).toEqual([
      'TLS_RSA_WITH_AES_128_GCM_SHA256',
      decrypting,
    ]);
  });

  test('by what its key is for', () => {
    const inAnyOrder = { ...both, cipherSuites: [keyTransport, withRsa] };
    const server = { ...having(rsa, decrypting), cipherSuites: [withRsa, keyTransport] };
    expect(chosen({ client: inAnyOrder, server })).toEqual(['TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256', rsa]);
    const alone = { ...server, ...having(decrypting) };
    expect(chosen({ client: inAnyOrder, server: alone })).toEqual(['TLS_RSA_WITH_AES_128_GCM_SHA256', decrypting]);
  });

  test('by the curves of the client', () => {
    const client = { groups: [NamedGroup.x25519, NamedGroup.secp384r1] };
    expect(chosen({ client, server: having(p256, p384) })).toEqual(['TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256', p384]);
    expect(chosen({ client, server: having(p256, rsa) })).toEqual(['TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256', rsa]);
  });

  test('by the authorities of the client', () => {
    const client = { authorities: [nobody] };
    const server = { credentials: [listed(credentialOf(p256)), credentialOf(rsa)] };
    expect(chosen({ client, server })).toEqual(['TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256', rsa]);
  });

  test('but rather one with the name that the client asks for', () => {
    expect(chosen({ server: having(elsewhere, rsa) })).toEqual(['TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256', rsa]);
  });

  test('and fails where none is left', () => {
    const client = { cipherSuites: [withEcdsa] };
    const { server } = run({ client, server: { ...having(rsa), ...both, maxVersion: 'tls12' } });
    expect(server.error).toMatchObject({ reason: 'no-common-signature-scheme', alert: 'handshake_failure' });
  });
});

describe('a certificate whose key is not at hand, but one that it delegated to', () => {
  const { ed25519, ecdsa_secp256r1_sha256: ofCertificate } = SignatureScheme;
  const delegated = {
    credential: Uint8Array.of(9, 9, 9),
    keyId: credentialOf(p384).keyId,
    scheme: SignatureScheme.ecdsa_secp384r1_sha384,
    credentialScheme: ofCertificate,
    expires: Date.now() + 100_000,
  };
  const without: Credential = { ...credentialOf(p256), schemes: [], delegated };
  const rsaWithout: Credential = { ...credentialOf(rsa), schemes: [], delegated };
  const cipherSuites = [CipherSuite.TLS_AES_128_GCM_SHA256, CipherSuite.TLS_RSA_WITH_AES_128_GCM_SHA256];

  /** The certificate presented to a client that verifies these schemes of delegated keys. */
  function presentedTo(schemes: readonly number[], credentials: readonly Credential[]) {
    const bout = new Bout(
      'server',
      { pki, serverCredentials: ours, server: { credentials } },
      changed('ClientHello', 'tls13', (hello) => including(hello, { name: 'delegated_credential', value: schemes })),
    ).run();
    return bout.subject.connection.timeline.negotiated.serverChain?.[0];
  }

  test('is presented to a client that verifies what this signs', () => {
    expect(presentedTo([delegated.scheme], [without, credentialOf(rsa)])).toEqual(p256.der);
  });

  test('is passed over for any other, and where the delegated key has expired', () => {
    expect(presentedTo([ed25519], [without, credentialOf(rsa)])).toEqual(rsa.der);
    const expired = { ...without, delegated: { ...delegated, expires: Date.now() - 1 } };
    expect(presentedTo([delegated.scheme], [expired, credentialOf(rsa)])).toEqual(rsa.der);
    expect(run({ server: { credentials: [without] } }).server.error?.reason).toBe('no-common-signature-scheme');
  });

  test('is of no use in TLS 1.2, not even to decrypt', () => {
    const { server } = run({
      client: { cipherSuites },
      server: { credentials: [rsaWithout, without], cipherSuites, maxVersion: 'tls12' },
    });
    expect(server.error?.reason).toBe('no-common-signature-scheme');
  });
});

describe.for(versions)('a certificate for those who list its issuer (%s)', (maxVersion) => {
  const credentials = [listed(credentialOf(p256))];

  test('is presented to a client that does', () => {
    const { client, server } = run({
      client: { authorities: [nobody, rootName] },
      server: { credentials, maxVersion },
    });
    expect(client.error ?? server.error).toBeUndefined();
  });

  test.for([
    ['nobody', [nobody]],
    ['none', []],
  ] as const)('is not presented to a client that lists %s', ([, authorities]) => {
    const { server } = run({ client: { authorities }, server: { credentials, maxVersion } });
    expect(server.error).toMatchObject({ reason: 'no-usable-certificate', alert: 'handshake_failure' });
  });

  test('is presented to a server that does, and to another an empty one', () => {
    const clientAuthentication = 'optional';
    for (const authorities of [[rootName], [nobody], []]) {
      const { client, server } = run({
        clientCredentials: [pki.client],
        client: { credentials: [listed(credentialOf(pki.client))] },
        server: { clientAuthentication, authorities, maxVersion },
      });
      expect(client.error ?? server.error).toBeUndefined();
      const presented = authorities[0] === rootName ? 'presented' : 'absent';
      expect(server.connection.timeline.negotiated.clientCertificate).toBe(presented);
    }
  });
});
