import { type CryptoProvider, type EphemeralKey, type PrivateKey, premasterLength } from '@handfast/crypto';
import { concat, encodeServerParams, NamedGroup, nameOf, SignatureScheme, TlsError } from '@handfast/wire';
import type { ContinuationStore, HostedAskContext } from './continuations.ts';
import { premasterOf, serverDhParams } from './finite-field.ts';
import { groupFits } from './groups.ts';
import { HeldContinuations } from './held-continuations.ts';
import { keyIdOf } from './key-id.ts';
import { masterSecret } from './key-schedule12.ts';
import type {
  AgreeAnswer,
  AgreeRequest,
  DecryptAnswer,
  DecryptRequest,
  KeyExchange,
  OfferAnswer,
  OfferRequest,
  RespondAnswer,
  RespondRequest,
  SignAnswer,
  SignRequest,
  StartServerAnswer,
  StartServerRequest,
  TranscriptSignatureRequest,
} from './port.ts';
import { schemeFits } from './signature-schemes.ts';
import { certificateVerifyContent13, serverKeyExchangeContent } from './signed-content.ts';

/**
 * The {@link KeyExchange} that holds the keys itself and answers at once. Its methods throw `TlsError`:
 * `invalid-key-share` for a peer's share that is none; `service-failed` for a key ID that is not held here or a
 * continuation that cannot be taken; `internal-error` for a scheme or a group that does not fit.
 */
export class LocalKeyExchange implements KeyExchange {
  readonly #crypto: CryptoProvider;
  readonly #keys: ReadonlyMap<string, PrivateKey>;
  readonly #continuations: ContinuationStore;

  /**
   * @param options.keys of certificates; found by their key ID.
   * @param options.continuations by default {@link HeldContinuations}, for callers in this process.
   */
  constructor(options: {
    readonly crypto: CryptoProvider;
    readonly keys: readonly PrivateKey[];
    readonly continuations?: ContinuationStore;
  }) {
    const { crypto, keys, continuations = new HeldContinuations() } = options;
    this.#crypto = crypto;
    this.#keys = new Map(keys.map((key) => [keyIdOf(crypto, key.spki), key]));
    this.#continuations = continuations;
  }

  respond({ group, clientShare, signature: asked }: RespondRequest, _context: HostedAskContext): RespondAnswer {
    const key = asked === undefined ? undefined : this.#keyFor13(asked);
    const { share, secret } = this.#crypto.respondToShare(group, clientShare);
    if (key === undefined || asked === undefined) return { share, secret, signature: undefined };
    const transcriptHash = this.#crypto.hash(asked.hash, concat(asked.beforeShare, share, asked.afterShare));
    const signature = key.sign(asked.scheme, certificateVerifyContent13('server', transcriptHash));
    return { share, secret, signature };
  }

  startServer(request: StartServerRequest, context: HostedAskContext): StartServerAnswer {
    const { group, keyId, scheme, clientRandom, serverRandom } = request;
    const key = this.#key(keyId);
    const ephemeral = this.#crypto.generateEphemeral(group);
    const params = encodeParams(ephemeral);
    const signature = key.sign(scheme, serverKeyExchangeContent(clientRandom, serverRandom, params));
    return { share: ephemeral.share, signature, continuation: this.#continuations.put([ephemeral], context) };
  }

  offer({ groups }: OfferRequest, context: HostedAskContext): OfferAnswer {
    const keys = groups.map((group) => this.#crypto.generateEphemeral(group));
    return {
      shares: keys.map(({ group, share }) => ({ group, share })),
      continuation: this.#continuations.put(keys, context),
    };
  }

  agree(
    { continuation, group, peerShare, masterSecret: derivation }: AgreeRequest,
    context: HostedAskContext,
  ): AgreeAnswer {
    const key = this.#continuations.take(continuation, context).find((each) => each.group === group);
    if (key === undefined) {
      throw new TlsError('internal-error', `the continuation has no key of ${nameOf(NamedGroup, group)}`);
    }
    const secret = key.agree(peerShare);
    if (derivation === undefined) return { secret };
    return { secret: masterSecret(this.#crypto, premasterOf(group, secret), derivation) };
  }

  sign({ keyId, scheme, content }: SignRequest, _context: HostedAskContext): SignAnswer {
    return { signature: this.#key(keyId).sign(scheme, content) };
  }

  decrypt({ keyId, encryptedPremaster, clientVersion, masterSecret: derivation }: DecryptRequest): DecryptAnswer {
    // Chosen before anything is decrypted, and always (RFC 5246 section 7.4.7.1).
    const substitute = this.#crypto.randomBytes(premasterLength);
    const premaster = this.#key(keyId).decryptPremaster(encryptedPremaster, clientVersion, substitute);
    return { secret: masterSecret(this.#crypto, premaster, derivation) };
  }

  #keyFor13({ keyId, scheme }: TranscriptSignatureRequest): PrivateKey {
    const key = this.#key(keyId);
    // The key itself refuses what it cannot sign with; it does not know what TLS 1.3 leaves out, PKCS#1 for one.
    if (schemeFits(scheme, key.kind, 'tls13')) return key;
    const name = nameOf(SignatureScheme, scheme);
    throw new TlsError('internal-error', `TLS 1.3 does not sign with ${name} and a key of kind ${key.kind}`);
  }

  #key(keyId: string): PrivateKey {
    const key = this.#keys.get(keyId);
    if (key === undefined) {
      throw new TlsError(
        'service-failed',
        `no private key with key ID ${keyId.slice(0, 64)} here; give this key exchange the key of the certificate`,
      );
    }
    return key;
  }
}

/** The parameters of ServerKeyExchange, of the form that goes with the group. */
function encodeParams({ group, share }: EphemeralKey): Uint8Array {
  if (groupFits(group, 'dhe')) return encodeServerParams('dhe', serverDhParams(group, share));
  if (groupFits(group, 'ecdhe')) return encodeServerParams('ecdhe', { namedCurve: group, publicKey: share });
  throw new TlsError('internal-error', `TLS 1.2 has no group ${nameOf(NamedGroup, group)}`);
}
