import type { CryptoProvider } from '@handfast/crypto';
import { sameBytes } from './bytes.ts';
import type { Certificate } from './certificate.ts';
import type { Crl } from './crl.ts';
import type { GeneralName } from './general-name.ts';
import { formatIpAddress } from './ip-address.ts';
import { quoted } from './name.ts';
import { constrainedNames, forbiddenName } from './name-constraints.ts';
import {
  type Breach,
  breachOfEndEntity,
  breachOfIssuer,
  isSelfIssued,
  type PathPurpose,
  type Place,
} from './path-rules.ts';
import { PolicyGraph, type PolicyInputs } from './policy-graph.ts';
import type { Profile } from './profile.ts';
import type { PublicSuffixes } from './public-suffixes.ts';
import { RevocationCheck, type RevocationSettings } from './revocation.ts';
import { SignatureCheck, type VerifiedSignatures } from './signature-check.ts';
import { TrustStore } from './trust-store.ts';
import { limits, type Work, WorkBudget } from './work-budget.ts';

/** A breach, and the certificate that made it. */
export interface LocatedBreach extends Breach {
  readonly certificate: Certificate;
  /** Its place in the path, 0 is the end entity. */
  readonly depth: number;
}

export interface Failure extends LocatedBreach {
  /** The path as far as it came, the end entity first. */
  readonly path: readonly Certificate[];
}

export type PathResult =
  | { readonly found: true; readonly path: readonly Certificate[] }
  | { readonly found: false; readonly failure: Failure };

export interface PathSearchSettings {
  readonly crypto: CryptoProvider;
  readonly store: TrustStore;
  readonly verified: VerifiedSignatures;
  readonly purpose: PathPurpose;
  readonly keyUse: 'sign' | 'decrypt';
  readonly profile: Profile;
  readonly publicSuffixes: PublicSuffixes | undefined;
  /** How many certificates that are not self-issued may stand between the end entity and the anchor. */
  readonly maximumIntermediates: number;
  readonly time: number;
  /** What the peer sent beside the end entity, in any order. */
  readonly intermediates: readonly Certificate[];
  readonly policies: PolicyInputs;
  readonly revocation: RevocationSettings;
}

/**
 * One search for a path from an end entity to a trust anchor: depth first, and back where a path breaks a rule. Issuers
 * are tried in this order: anchors before what the peer sent; those whose key identifier is the one asked for; those
 * that the peer sent first.
 *
 * Most rules of RFC 5280 section 6.1 are demands of a certificate on those below it, so they are checked as soon as the
 * certificate joins the path. Policies and revocation are judged from the anchor down, once a path has reached one.
 */
export class PathSearch {
  readonly #settings: PathSearchSettings;
  readonly #budget: WorkBudget;
  readonly #pending: ReadonlySet<Crl>;
  readonly #signatures: SignatureCheck;
  readonly #revocation: RevocationCheck;
  /** What went wrong on the most telling path. */
  #failure: Failure | undefined;
  #mostTelling = 0;

  constructor(settings: PathSearchSettings, budget = new WorkBudget(), pending: ReadonlySet<Crl> = new Set()) {
    this.#settings = settings;
    this.#budget = budget;
    this.#pending = pending;
    this.#signatures = new SignatureCheck(settings.crypto, settings.verified, budget);
    this.#revocation = new RevocationCheck(settings, this.#signatures, pending, (path, signer, crl) =>
      this.#leadsToAnchorOf(path, signer, crl),
    );
  }

  run(endEntity: Certificate): PathResult {
    const { store } = this.#settings;
    const isAnchor = store.has(endEntity);
    const breach = breachOfEndEntity(endEntity, this.#place([], isAnchor));
    const path = isAnchor ? [endEntity] : this.#extend([endEntity], endEntity);
    if (breach !== undefined) {
      // Who looks for the reason wants to see the path, as far as it comes, all the same.
      const shown = path ?? this.#failure?.path ?? [endEntity];
      return { found: false, failure: { ...breach, certificate: endEntity, depth: 0, path: shown } };
    }
    if (path !== undefined) return { found: true, path };
    const { exhausted } = this.#budget;
    if (exhausted !== undefined)
      return { found: false, failure: { ...tooMuchWork(exhausted, endEntity), path: [endEntity] } };
    return { found: false, failure: this.#failure ?? { ...issuerUnknown(endEntity, 0), path: [endEntity] } };
  }

  /** A path to an anchor that begins with `path`, whose last certificate is `subject`. */
  #extend(path: readonly Certificate[], subject: Certificate): readonly Certificate[] | undefined {
    const issuers = this.#issuersOf(subject, path);
    if (issuers.length === 0) this.#note(issuerUnknown(subject, path.length - 1), path, false);
    for (const { certificate, isAnchor } of issuers) {
      if (!this.#budget.spend('candidates', 1)) return undefined;
      const longer = [...path, certificate];
      const failure = this.#failureOf(certificate, isAnchor, subject, path);
      if (this.#budget.exhausted !== undefined) return undefined;
      if (failure !== undefined) {
        this.#note(failure, longer, isAnchor);
        continue;
      }
      const complete = isAnchor ? this.#judged(longer) : this.#extend(longer, certificate);
      if (complete !== undefined || this.#budget.exhausted !== undefined) return complete;
    }
    return undefined;
  }

  /** A path that has reached an anchor, where nothing speaks against it as a whole. */
  #judged(path: readonly Certificate[]): readonly Certificate[] | undefined {
    if (!this.#budget.spend('completePaths', 1)) return undefined;
    const failure = policyFailure(path, this.#settings.policies) ?? this.#revocation.failureOf(path);
    if (failure === undefined) return path;
    this.#note(failure, path, true);
    return undefined;
  }

  #failureOf(
    issuer: Certificate,
    isAnchor: boolean,
    subject: Certificate,
    path: readonly Certificate[],
  ): LocatedBreach | undefined {
    const place = this.#place(path, isAnchor);
    const breach = breachOfIssuer(issuer, place) ?? this.#depthBreach(issuer, place);
    if (breach !== undefined) return { ...breach, certificate: issuer, depth: path.length };
    const signatureBreach = this.#signatureBreach(subject, issuer);
    if (signatureBreach !== undefined) return { ...signatureBreach, certificate: subject, depth: path.length - 1 };
    return this.#nameFailure(issuer, path);
  }

  #place(below: readonly Certificate[], isAnchor: boolean): Place {
    return { ...this.#settings, below, isAnchor };
  }

  #depthBreach(issuer: Certificate, { below, isAnchor }: Place): Breach | undefined {
    const { maximumIntermediates: maximum } = this.#settings;
    if (isAnchor) return undefined;
    // Counted as pathLenConstraint counts (RFC 5280 section 4.2.1.9), but never more than there may be of any kind.
    const logical = [...below.slice(1), issuer].filter((certificate) => !isSelfIssued(certificate)).length;
    if (logical <= maximum && below.length <= limits.intermediates) return undefined;
    const detail = `${quoted(issuer.subject)} is one certificate more than the ${maximum} that are allowed`;
    return { reason: 'certificate-path-too-long', detail, rule: 'RFC 5280 section 6.1' };
  }

  /** RFC 5280 section 6.1.3 (a)(1). */
  #signatureBreach(subject: Certificate, issuer: Certificate): Breach | undefined {
    const { oid } = subject.signatureAlgorithm;
    switch (this.#signatures.result(subject, issuer)) {
      case 'right':
        return undefined;
      case 'unsupported': {
        const detail = `the signature of ${quoted(subject.subject)} uses the algorithm ${oid}, which is not supported`;
        return { reason: 'certificate-unsupported', detail, rule: 'RFC 5280 section 4.1.1.2' };
      }
      case 'weak': {
        const detail = `the signature of ${quoted(subject.subject)} is over MD5 or SHA-1 (${oid}), which can be forged`;
        return { reason: 'certificate-weak', detail, rule: 'RFC 9155' };
      }
      case 'wrong': {
        const detail =
          `the signature of ${quoted(subject.subject)} was not made with the key of ${quoted(issuer.subject)}; ` +
          'is there another CA of that name?';
        return { reason: 'certificate-signature-invalid', detail, rule: 'RFC 5280 section 6.1.3 (a)(1)' };
      }
    }
  }

  #leadsToAnchorOf(path: readonly Certificate[], signer: Certificate, crl: Crl): boolean {
    const intermediates = [...this.#settings.intermediates, ...path];
    const store = new TrustStore(path.slice(-1).map(({ der }) => der));
    const revocation = { ...this.#settings.revocation, staple: undefined };
    const settings: PathSearchSettings = { ...this.#settings, purpose: 'crl', intermediates, store, revocation };
    return new PathSearch(settings, this.#budget, new Set([...this.#pending, crl])).run(signer).found;
  }

  /** RFC 5280 section 6.1.3 (b) and (c): what the issuer's name constraints say of every certificate below it. */
  #nameFailure({ subject, nameConstraints }: Certificate, path: readonly Certificate[]): LocatedBreach | undefined {
    if (nameConstraints === undefined) return undefined;
    const subtrees = nameConstraints.permitted.length + nameConstraints.excluded.length;
    for (const [depth, certificate] of path.entries()) {
      if (depth > 0 && isSelfIssued(certificate)) continue;
      const names = constrainedNames(certificate);
      if (!this.#budget.spend('nameComparisons', names.length * subtrees)) return undefined;
      const forbidden = forbiddenName(nameConstraints, names);
      if (forbidden === undefined) continue;
      const detail = `${quoted(subject)} may not issue for ${generalNameText(forbidden)}, by its name constraints`;
      const rule = 'RFC 5280 section 6.1.3 (b), (c)';
      return { reason: 'certificate-rejected', detail, rule, certificate, depth };
    }
    return undefined;
  }

  #issuersOf(
    subject: Certificate,
    path: readonly Certificate[],
  ): readonly { readonly certificate: Certificate; readonly isAnchor: boolean }[] {
    const { store, intermediates } = this.#settings;
    const { key } = subject.issuer;
    const anchors = store.named(subject.issuer).map((certificate) => ({ certificate, isAnchor: true }));
    const sent = intermediates
      .filter((certificate) => certificate.subject.key === key)
      .map((certificate) => ({ certificate, isAnchor: false }));
    const rank = ({ certificate }: { readonly certificate: Certificate }) => keyIdentifierRank(subject, certificate);
    return [...anchors.sort((a, b) => rank(a) - rank(b)), ...sent.sort((a, b) => rank(a) - rank(b))].filter(
      ({ certificate }) => !path.some((other) => isSameAuthority(other, certificate)),
    );
  }

  /**
   * Keeps the failure of the most telling path: one that led to an anchor, but for an anchor that only shares its name with
   * the issuer; of others the longest; of equal ones the first, which the preferred issuer made.
   */
  #note(failure: LocatedBreach, path: readonly Certificate[], isAnchored: boolean): void {
    const isTelling = isAnchored && failure.reason !== 'certificate-signature-invalid';
    const rank = path.length + (isTelling ? limits.certificates : 0);
    if (rank <= this.#mostTelling) return;
    this.#mostTelling = rank;
    this.#failure = { ...failure, path };
  }
}

/** RFC 5280 section 6.1.3 (d) to (f), 6.1.4 (a) and (b), 6.1.5 (g). @param path the anchor last */
function policyFailure(path: readonly Certificate[], policies: PolicyInputs): LocatedBreach | undefined {
  const breach = PolicyGraph.breachOf(path.slice(0, -1).reverse(), policies);
  if (breach === undefined) return undefined;
  const { certificate, why, rule } = breach;
  const detail = `${quoted(certificate.subject)}: ${why}`;
  return { reason: 'certificate-policy', detail, rule, certificate, depth: path.indexOf(certificate) };
}

/** RFC 5280 section 4.2.1.1: 0 where the issuer has the key identifier that the subject asks for, 2 where another. */
function keyIdentifierRank(subject: Certificate, issuer: Certificate): number {
  const [wanted, has] = [subject.authorityKeyIdentifier?.keyIdentifier, issuer.subjectKeyIdentifier];
  if (wanted === undefined || has === undefined) return 1;
  return sameBytes(wanted, has) ? 0 : 2;
}

/** Two certificates of one CA in a path would lead in a circle, however many cross-signatures there are of it. */
function isSameAuthority(a: Certificate, b: Certificate): boolean {
  return a.subject.key === b.subject.key && sameBytes(a.spki, b.spki);
}

function issuerUnknown(certificate: Certificate, depth: number): LocatedBreach {
  const { subject, issuer, caIssuers } = certificate;
  if (isSelfIssued(certificate)) {
    return {
      reason: depth === 0 ? 'certificate-self-signed' : 'certificate-issuer-unknown',
      detail: `${quoted(subject)} is self-signed and not among the trust anchors; add it to them if it is to be trusted`,
      rule: 'RFC 5280 section 6.1',
      certificate,
      depth,
    };
  }
  const [url] = caIssuers;
  const where = url === undefined ? '' : `; it can be had from ${quoted(url)}`;
  return {
    reason: 'certificate-issuer-unknown',
    detail: `${quoted(issuer)}, the issuer of ${quoted(subject)}, was not sent and is not among the trust anchors${where}`,
    rule: 'RFC 5280 section 6.1',
    certificate,
    depth,
  };
}

function tooMuchWork(work: Work, certificate: Certificate): LocatedBreach {
  const detail = `gave up the search for a path after ${limits[work]} ${workNames[work]}; send fewer certificates`;
  return { reason: 'certificate-path-too-long', detail, rule: 'RFC 5280 section 8', certificate, depth: 0 };
}

const workNames: Readonly<Record<Work, string>> = {
  candidates: 'candidates',
  completePaths: 'complete paths',
  signatures: 'signatures',
  nameComparisons: 'comparisons of names',
};

function generalNameText(name: GeneralName): string {
  switch (name.kind) {
    case 'directory':
      return quoted(name.value);
    case 'ip':
      return formatIpAddress(name.value);
    case 'other':
      return 'a name of an uncommon kind';
    default:
      return quoted(name.value);
  }
}
