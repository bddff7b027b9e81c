import type { CryptoProvider } from '@handfast/crypto';
import type { AlgorithmIdentifier } from './algorithm-identifier.ts';
import type { Certificate } from './certificate.ts';
import { publicKeyOf } from './public-key.ts';
import { signatureSchemeOf } from './signature-algorithm.ts';
import type { WorkBudget } from './work-budget.ts';

/** A certificate, a CRL: what is signed, and how. */
export interface Signed {
  readonly tbs: Uint8Array;
  readonly signatureAlgorithm: AlgorithmIdentifier;
  readonly signature: Uint8Array;
}

/** Signatures that were found right: for what is signed, the certificates whose keys signed it. */
export type VerifiedSignatures = WeakMap<Signed, WeakSet<Certificate>>;

export type SignatureResult = 'right' | 'wrong' | 'weak' | 'unsupported';

/** Verifies signatures, each right one once for as long as `verified` lives. */
export class SignatureCheck {
  readonly #crypto: CryptoProvider;
  readonly #verified: VerifiedSignatures;
  readonly #budget: WorkBudget;

  constructor(crypto: CryptoProvider, verified: VerifiedSignatures, budget: WorkBudget) {
    this.#crypto = crypto;
    this.#verified = verified;
    this.#budget = budget;
  }

  /** @throws TlsError `certificate-unsupported` for a signer whose key is of an unknown kind */
  result(signed: Signed, signer: Certificate): SignatureResult {
    if (this.#verified.get(signed)?.has(signer) === true) return 'right';
    const key = publicKeyOf(this.#crypto, signer);
    const scheme = signatureSchemeOf(signed.signatureAlgorithm, key.kind);
    if (scheme === undefined) return 'unsupported';
    if (scheme === 'weak') return 'weak';
    if (!this.#budget.spend('signatures', 1) || !key.verify(scheme, signed.tbs, signed.signature)) return 'wrong';
    const signers = this.#verified.get(signed) ?? new WeakSet<Certificate>();
    this.#verified.set(signed, signers.add(signer));
    return 'right';
  }
}
