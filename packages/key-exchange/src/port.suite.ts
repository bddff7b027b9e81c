import { createHash, generateKeyPairSync, randomBytes } from 'node:crypto';
import { ffdheGroup, type PublicKeyKind } from '@handfast/crypto';
import { nativeCrypto } from '@handfast/crypto/native';
import { type AskContext, NamedGroup, nameOf, SignatureScheme, TlsError } from '@handfast/wire';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { groupFits } from './groups.ts';
import { keyIdOf } from './key-id.ts';
import { masterSecret } from './key-schedule12.ts';
import type {
  DecryptRequest,
  KeyExchange,
  MasterSecretDerivation,
  RespondRequest,
  StartServerRequest,
  TranscriptSignatureRequest,
} from './port.ts';
import { schemeFits, signatureSchemes } from './signature-schemes.ts';
import { certificateVerifyContent13, serverKeyExchangeContent } from './signed-content.ts';

export interface KeyExchangeUnderTest {
  readonly keyExchange: KeyExchange;
  close?(): void | Promise<void>;
}

/**
 * What every implementation of the {@link KeyExchange} port must do.
 * @param make gives one that holds these private keys (PKCS#8, DER).
 */
export function keyExchangePortTests(
  name: string,
  make: (pkcs8: readonly Uint8Array[]) => KeyExchangeUnderTest | Promise<KeyExchangeUnderTest>,
): void {
  describe(name, () => {
    const credentials = makeCredentials();
    const ecdsa = credentialOf('ecdsa-p256');
    let underTest: KeyExchangeUnderTest;
    let port: KeyExchange;

    beforeAll(async () => {
      underTest = await make(credentials.map(({ pkcs8 }) => pkcs8));
      port = underTest.keyExchange;
    });
    afterAll(() => underTest.close?.());

    function credentialOf(kind: PublicKeyKind): Credential {
      const found = credentials.find((each) => each.kind === kind);
      if (found === undefined) throw new Error(`no credential of kind ${kind}`);
      return found;
    }

    const groups13 = nativeCrypto.groups.map((group) => ({ group, name: nameOf(NamedGroup, group) }));
    const groups12 = groups13.filter(({ group }) => groupFits(group, 'ecdhe') || groupFits(group, 'dhe'));
    const signers = (version: 'tls12' | 'tls13') =>
      credentials.flatMap((credential) =>
        signatureSchemes
          .filter(({ code }) => schemeFits(code, credential.kind, version) && credential.schemes.includes(code))
          .map(({ code: scheme, name }) => ({ credential, scheme, name, kind: credential.kind })),
      );

    describe('respond', () => {
      const beforeShare = randomBytes(300);
      const afterShare = randomBytes(900);

      async function respond(
        group: number,
        credential: Credential,
        scheme: number,
        hash: 'sha256' | 'sha384' = 'sha256',
      ): Promise<void> {
        const client = nativeCrypto.generateEphemeral(group);
        const signature = { keyId: credential.keyId, scheme, hash, beforeShare, afterShare };
        const answer = await port.respond({ group, clientShare: client.share, signature }, context());
        expect(hex(answer.secret)).toBe(hex(client.agree(answer.share)));
        const transcript = createHash(hash).update(beforeShare).update(answer.share).update(afterShare).digest();
        const content = certificateVerifyContent13('server', transcript);
        expect(credential.publicKey.verify(scheme, content, answer.signature ?? expect.fail('no signature'))).toBe(
          true,
        );
      }

      it.for(groups13)('agrees on a secret with a client of group $name', async ({ group }) => {
        await respond(group, ecdsa, SignatureScheme.ecdsa_secp256r1_sha256);
      });

      it.for(signers('tls13'))('signs the transcript around its share with $kind, $name', async (signer) => {
        await respond(NamedGroup.x25519, signer.credential, signer.scheme);
      });

      it('signs nothing where a PSK authenticates', async () => {
        const client = nativeCrypto.generateEphemeral(NamedGroup.x25519);
        const request = { group: NamedGroup.x25519, clientShare: client.share, signature: undefined };
        const answer = await port.respond(request, context());
        expect(hex(answer.secret)).toBe(hex(client.agree(answer.share)));
        expect(answer.signature).toBeUndefined();
      });

      it('hashes the transcript with the hash of the cipher suite', async () => {
        await respond(NamedGroup.x25519, ecdsa, SignatureScheme.ecdsa_secp256r1_sha256, 'sha384');
      });

      const request = (changes: Partial<TranscriptSignatureRequest>, clientShare?: Uint8Array): RespondRequest => ({
        group: NamedGroup.x25519,
        clientShare: clientShare ?? nativeCrypto.generateEphemeral(NamedGroup.x25519).share,
        signature: {
          keyId: ecdsa.keyId,
          scheme: SignatureScheme.ecdsa_secp256r1_sha256,
          hash: 'sha256',
          beforeShare,
          afterShare,
          ...changes,
        },
      });

      it('answers two equal requests with different shares', async () => {
        const same = request({});
        const first = await port.respond(same, context());
        const second = await port.respond(same, context());
        expect(hex(first.share)).not.toBe(hex(second.share));
      });

      it.for(badShares)('refuses $what as the share of a client', async ({ group, share }) => {
        const ask = () => port.respond({ ...request({}, share), group }, context());
        expect((await failure(ask)).reason).toBe('invalid-key-share');
      });

      it('refuses a group that nobody has', async () => {
        const ask = () => port.respond({ ...request({}), group: 0x1a1a }, context());
        expect((await failure(ask)).reason).toBe('internal-error');
      });

      it('names the key that it does not hold', async () => {
        const keyId = 'ab'.repeat(32);
        const error = await failure(() => port.respond(request({ keyId }), context()));
        expect(error.reason).toBe('service-failed');
        expect(error.detail).toContain(keyId);
      });

      it('does not sign TLS 1.3 with PKCS#1', async () => {
        const changes = { keyId: credentialOf('rsa').keyId, scheme: SignatureScheme.rsa_pkcs1_sha256 };
        expect((await failure(() => port.respond(request(changes), context()))).reason).toBe('internal-error');
      });

      it('does not sign with a scheme of another kind of key', async () => {
        const changes = { scheme: SignatureScheme.ed25519 };
        expect((await failure(() => port.respond(request(changes), context()))).reason).toBe('internal-error');
      });
    });

    describe('startServer and agree', () => {
      const clientRandom = randomBytes(32);
      const serverRandom = randomBytes(32);
      const start = (changes: Partial<StartServerRequest> = {}): StartServerRequest => ({
        group: NamedGroup.x25519,
        keyId: ecdsa.keyId,
        scheme: SignatureScheme.ecdsa_secp256r1_sha256,
        clientRandom,
        serverRandom,
        ...changes,
      });
      const curveParams = (group: number, share: Uint8Array): Uint8Array =>
        Buffer.concat([Uint8Array.of(3, group >> 8, group & 0xff, share.length), share]);

      it.for(groups12)('agree on a secret with a client of group $name', async ({ group }) => {
        const { share, continuation } = await port.startServer(start({ group }), context());
        const client = nativeCrypto.generateEphemeral(group);
        const agreed = await port.agree(
          { continuation, group, peerShare: client.share, masterSecret: undefined },
          context(),
        );
        expect(hex(agreed.secret)).toBe(hex(client.agree(share)));
      });

      it.for(signers('tls12'))('sign the share with $kind, $name', async ({ credential, scheme }) => {
        const { share, signature } = await port.startServer(start({ keyId: credential.keyId, scheme }), context());
        const content = serverKeyExchangeContent(clientRandom, serverRandom, curveParams(NamedGroup.x25519, share));
        expect(credential.publicKey.verify(scheme, content, signature)).toBe(true);
      });

      it('sign prime, generator and share of a finite field (RFC 5246 section 7.4.3)', async () => {
        const group = NamedGroup.ffdhe3072;
        const rsa = credentialOf('rsa');
        const scheme = SignatureScheme.rsa_pss_rsae_sha256;
        const { share, signature } = await port.startServer(start({ group, keyId: rsa.keyId, scheme }), context());
        const { prime } = ffdheGroup(group);
        const params = Buffer.concat([Buffer.of(1, 128), prime, Buffer.of(0, 1, 2), Buffer.of(1, 128), share]);
        const content = serverKeyExchangeContent(clientRandom, serverRandom, params);
        expect(rsa.publicKey.verify(scheme, content, signature)).toBe(true);
      });

      it('make a premaster secret over a finite field of all but the leading zeros (RFC 5246 section 8.1.2)', async () => {
        const group = NamedGroup.ffdhe2048;
        const masterSecretOf = { kind: 'classic', hash: 'sha256', clientRandom, serverRandom } as const;
        const { share, continuation } = await port.startServer(start({ group }), context());
        // The peer's exponent is 1: its share is the generator, and the secret is our share.
        const peerShare = new Uint8Array(256).with(255, 2);
        const premaster = share.subarray(share.findIndex((byte) => byte !== 0));
        const { secret } = await port.agree(
          { continuation, group, peerShare, masterSecret: masterSecretOf },
          context(),
        );
        expect(hex(secret)).toBe(hex(masterSecret(nativeCrypto, premaster, masterSecretOf)));
      });

      const derivations: readonly MasterSecretDerivation[] = [
        { kind: 'extended', hash: 'sha256', sessionHash: randomBytes(32) },
        { kind: 'extended', hash: 'sha384', sessionHash: randomBytes(48) },
        { kind: 'classic', hash: 'sha256', clientRandom, serverRandom },
        { kind: 'classic', hash: 'sha384', clientRandom, serverRandom },
      ];
      it.for(derivations)('answer with the $kind master secret of $hash', async (derivation) => {
        const { share, continuation } = await port.startServer(start(), context());
        const client = nativeCrypto.generateEphemeral(NamedGroup.x25519);
        const agreed = await port.agree(
          { continuation, group: NamedGroup.x25519, peerShare: client.share, masterSecret: derivation },
          context(),
        );
        expect(hex(agreed.secret)).toBe(hex(masterSecret(nativeCrypto, client.agree(share), derivation)));
      });

      it('refuse a group that TLS 1.2 does not have', async () => {
        const error = await failure(() => port.startServer(start({ group: NamedGroup.X25519MLKEM768 }), context()));
        expect(error.reason).toBe('internal-error');
        expect(error.detail).toContain('X25519MLKEM768');
      });

      it('name the key that is not held', async () => {
        const keyId = 'cd'.repeat(32);
        const error = await failure(() => port.startServer(start({ keyId }), context()));
        expect(error.reason).toBe('service-failed');
        expect(error.detail).toContain(keyId);
      });

      it('refuse a scheme of another kind of key', async () => {
        const ask = () => port.startServer(start({ scheme: SignatureScheme.rsa_pkcs1_sha256 }), context());
        expect((await failure(ask)).reason).toBe('internal-error');
      });

      it.for(badShares.filter(({ group }) => groups12.some((each) => each.group === group)))(
        'refuse $what as the share of a client',
        async ({ group, share }) => {
          const { continuation } = await port.startServer(start({ group }), context());
          const ask = () => port.agree({ continuation, group, peerShare: share, masterSecret: undefined }, context());
          expect((await failure(ask)).reason).toBe('invalid-key-share');
        },
      );
    });

    describe('offer and agree', () => {
      const group = NamedGroup.x25519;
      const server = () => nativeCrypto.generateEphemeral(group);

      it.for(groups13)('agree on a secret with a server of group $name', async ({ group }) => {
        const { shares, continuation } = await port.offer({ groups: [group] }, context());
        expect(shares.map((each) => each.group)).toEqual([group]);
        const server = nativeCrypto.respondToShare(group, shares[0]?.share ?? new Uint8Array());
        const agreed = await port.agree(
          { continuation, group, peerShare: server.share, masterSecret: undefined },
          context(),
        );
        expect(hex(agreed.secret)).toBe(hex(server.secret));
      });

      it('go on with any of several groups, offered in the order that was asked', async () => {
        const groups = [NamedGroup.secp384r1, NamedGroup.x25519, NamedGroup.secp256r1];
        const { shares, continuation } = await port.offer({ groups }, context());
        expect(shares.map((each) => each.group)).toEqual(groups);
        const last = nativeCrypto.respondToShare(NamedGroup.secp256r1, shares[2]?.share ?? new Uint8Array());
        const agreed = await port.agree(
          { continuation, group: NamedGroup.secp256r1, peerShare: last.share, masterSecret: undefined },
          context(),
        );
        expect(hex(agreed.secret)).toBe(hex(last.secret));
      });

      it('answer with the master secret where the server chose TLS 1.2', async () => {
        const { shares, continuation } = await port.offer({ groups: [group] }, context());
        const { share, secret } = nativeCrypto.respondToShare(group, shares[0]?.share ?? new Uint8Array());
        const derivation = { kind: 'extended', hash: 'sha256', sessionHash: randomBytes(32) } as const;
        const agreed = await port.agree({ continuation, group, peerShare: share, masterSecret: derivation }, context());
        expect(hex(agreed.secret)).toBe(hex(masterSecret(nativeCrypto, secret, derivation)));
      });

      it.for(badShares)('refuse $what as the share of a server', async ({ group, share }) => {
        const { continuation } = await port.offer({ groups: [group] }, context());
        const ask = () => port.agree({ continuation, group, peerShare: share, masterSecret: undefined }, context());
        expect((await failure(ask)).reason).toBe('invalid-key-share');
      });

      it('refuse a group that was not offered', async () => {
        const { continuation } = await port.offer({ groups: [group] }, context());
        const peerShare = nativeCrypto.generateEphemeral(NamedGroup.secp256r1).share;
        const request = { continuation, group: NamedGroup.secp256r1, peerShare, masterSecret: undefined };
        expect((await failure(() => port.agree(request, context()))).reason).toBe('internal-error');
      });

      it('take a continuation once', async () => {
        const { continuation } = await port.offer({ groups: [group] }, context());
        const request = { continuation, group, peerShare: server().share, masterSecret: undefined };
        await port.agree(request, context());
        expect((await failure(() => port.agree(request, context()))).reason).toBe('service-failed');
      });

      it('take a continuation once, also when the share was bad', async () => {
        const { continuation } = await port.offer({ groups: [group] }, context());
        const request = { continuation, group, peerShare: new Uint8Array(32), masterSecret: undefined };
        await failure(() => port.agree(request, context()));
        const again = { ...request, peerShare: server().share };
        expect((await failure(() => port.agree(again, context()))).reason).toBe('service-failed');
      });

      it('refuse a continuation in which any byte was changed', async () => {
        const { continuation } = await port.offer({ groups: [group] }, context());
        const peerShare = server().share;
        const altered = [
          ...Array.from(continuation, (_, index) => continuation.map((byte, at) => (at === index ? byte ^ 1 : byte))),
          continuation.slice(0, -1),
          Uint8Array.from([...continuation, 0]),
          new Uint8Array(),
        ];
        for (const each of altered) {
          const request = { continuation: each, group, peerShare, masterSecret: undefined };
          expect((await failure(() => port.agree(request, context()))).reason).toBe('service-failed');
        }
      });
    });

    describe('decrypt', () => {
      const rsa = credentialOf('rsa');
      const premaster = Uint8Array.of(3, 3, ...randomBytes(46));
      const [clientRandom, serverRandom] = [randomBytes(32), randomBytes(32)];
      const request = (changes: Partial<DecryptRequest> = {}): DecryptRequest => ({
        keyId: rsa.keyId,
        encryptedPremaster: rsa.publicKey.encryptPremaster(premaster),
        clientVersion: 0x0303,
        masterSecret: { kind: 'classic', hash: 'sha256', clientRandom, serverRandom },
        ...changes,
      });

      it.for<MasterSecretDerivation>([
        { kind: 'extended', hash: 'sha384', sessionHash: randomBytes(48) },
        { kind: 'classic', hash: 'sha256', clientRandom, serverRandom },
      ])('answers with the $kind master secret of the premaster secret', async (derivation) => {
        const { secret } = await port.decrypt(request({ masterSecret: derivation }), context());
        expect(hex(secret)).toBe(hex(masterSecret(nativeCrypto, premaster, derivation)));
      });

      it.for([
        ['of another version', { clientVersion: 0x0302 }],
        ['that is no ciphertext', { encryptedPremaster: randomBytes(256) }],
        ['that is too short', { encryptedPremaster: randomBytes(255) }],
        ['of no bytes', { encryptedPremaster: new Uint8Array() }],
        ['above the modulus', { encryptedPremaster: new Uint8Array(256).fill(0xff) }],
      ] as const)(
        'answers with a secret that nobody knows for a premaster %s, another each time',
        async ([, changes]) => {
          const same = request(changes);
          const known = masterSecret(nativeCrypto, premaster, same.masterSecret);
          const answers = [await port.decrypt(same, context()), await port.decrypt(same, context())];
          const secrets = answers.map(({ secret }) => hex(secret));
          expect(secrets.map((secret) => secret.length)).toEqual([96, 96]);
          expect(new Set([...secrets, hex(known)]).size).toBe(3);
        },
      );

      it('names the key that it does not hold, and refuses one that does not decrypt', async () => {
        const keyId = 'fe'.repeat(32);
        const error = await failure(() => port.decrypt(request({ keyId }), context()));
        expect(error.reason).toBe('service-failed');
        expect(error.detail).toContain(keyId);
        for (const kind of ['ecdsa-p256', 'rsa-pss'] as const) {
          const other = request({ keyId: credentialOf(kind).keyId });
          expect((await failure(() => port.decrypt(other, context()))).reason).toBe('internal-error');
        }
      });
    });

    describe('sign', () => {
      it.for(signers('tls12'))('signs the content with $kind, $name', async ({ credential, scheme }) => {
        const content = randomBytes(500);
        const { signature } = await port.sign({ keyId: credential.keyId, scheme, content }, context());
        expect(credential.publicKey.verify(scheme, content, signature)).toBe(true);
      });

      it('names the key that it does not hold', async () => {
        const keyId = 'ef'.repeat(32);
        const request = { keyId, scheme: SignatureScheme.ed25519, content: randomBytes(9) };
        const error = await failure(() => port.sign(request, context()));
        expect(error.reason).toBe('service-failed');
        expect(error.detail).toContain(keyId);
      });

      it('refuses a scheme of another kind of key', async () => {
        const request = { keyId: ecdsa.keyId, scheme: SignatureScheme.ed25519, content: randomBytes(9) };
        expect((await failure(() => port.sign(request, context()))).reason).toBe('internal-error');
      });
    });
  });
}

interface Credential {
  readonly kind: PublicKeyKind;
  readonly pkcs8: Uint8Array;
  readonly keyId: string;
  readonly schemes: readonly number[];
  readonly publicKey: ReturnType<typeof nativeCrypto.importPublicKey>;
}

/** One of each kind. */
function makeCredentials(): readonly Credential[] {
  return [
    generateKeyPairSync('ec', { namedCurve: 'P-256' }),
    generateKeyPairSync('ec', { namedCurve: 'P-384' }),
    generateKeyPairSync('ec', { namedCurve: 'P-521' }),
    generateKeyPairSync('ed25519'),
    generateKeyPairSync('rsa', { modulusLength: 2048 }),
    generateKeyPairSync('rsa-pss', { modulusLength: 2048 }),
  ].map(({ privateKey }) => {
    const pkcs8 = new Uint8Array(privateKey.export({ format: 'der', type: 'pkcs8' }));
    const { kind, spki, schemes } = nativeCrypto.importPrivateKey(pkcs8);
    const publicKey = nativeCrypto.importPublicKey(spki);
    return { kind, pkcs8, keyId: keyIdOf(nativeCrypto, spki), schemes, publicKey };
  });
}

const badShares = [
  { what: 'nothing', group: NamedGroup.x25519, share: new Uint8Array() },
  { what: 'a point of small order of X25519', group: NamedGroup.x25519, share: new Uint8Array(32) },
  { what: 'too long a share of X25519', group: NamedGroup.x25519, share: new Uint8Array(33).fill(9) },
  { what: 'a point off the curve P-256', group: NamedGroup.secp256r1, share: new Uint8Array(65).fill(4) },
  { what: 'a compressed point of P-256', group: NamedGroup.secp256r1, share: new Uint8Array(33).fill(2) },
  { what: 'the number 1 of ffdhe2048', group: NamedGroup.ffdhe2048, share: new Uint8Array(256).with(255, 1) },
  { what: 'the prime less 1 of ffdhe2048', group: NamedGroup.ffdhe2048, share: lessOne(NamedGroup.ffdhe2048) },
  { what: 'too long a share of ffdhe2048', group: NamedGroup.ffdhe2048, share: new Uint8Array(257).fill(9) },
  { what: 'too short a share of X25519MLKEM768', group: NamedGroup.X25519MLKEM768, share: new Uint8Array(100) },
].filter(({ group }) => nativeCrypto.groups.includes(group));

function lessOne(group: number): Uint8Array {
  const { prime } = ffdheGroup(group);
  return prime.with(prime.length - 1, 0xfe);
}

function context(): AskContext {
  return {
    id: randomBytes(8).toString('hex'),
    deadline: Date.now() + 10_000,
    traceId: randomBytes(16),
    spanId: randomBytes(8),
    report: () => {},
    onCancel: () => {},
  };
}

async function failure(ask: () => unknown): Promise<TlsError> {
  try {
    await ask();
  } catch (error) {
    if (error instanceof TlsError) return error;
    throw error;
  }
  throw new Error('it succeeded');
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
