import type { CryptoProvider } from '@handfast/crypto';
import { TlsError } from '@handfast/wire';
import { type Certificate, parseCertificate } from './certificate.ts';
import { hostNamesOf } from './certificate-text.ts';
import { CrlStore } from './crl-store.ts';
import { isForHost } from './host-name.ts';
import { type IdentityRule, identityOf } from './identity.ts';
import { quoted } from './name.ts';
import { OcspStore } from './ocsp-store.ts';
import { type Failure, PathSearch } from './path-search.ts';
import { anyPolicies, type PolicyInputs } from './policy-graph.ts';
import type {
  CertificateValidator,
  Credential,
  Identity,
  RejectedVerdict,
  ValidationRequest,
  Verdict,
} from './port.ts';
import type { Profile } from './profile.ts';
import type { PublicSuffixes } from './public-suffixes.ts';
import type { RevocationPolicy, RevocationSettings } from './revocation.ts';
import type { VerifiedSignatures } from './signature-check.ts';
import { TransparencyCheck, type TransparencySettings } from './transparency.ts';
import { TrustStore } from './trust-store.ts';
import { limits } from './work-budget.ts';

export interface LocalCertificateValidatorOptions {
  readonly crypto: CryptoProvider;
  /** Certificates that are trusted as they are, DER: roots, but also intermediates or a server's own certificate. */
  readonly anchors: readonly Uint8Array[];
  /** The chains that `credentials` answers with, in order of preference. */
  readonly credentials: readonly Credential[];
  /** What is asked of certificates beyond a valid path; by default `path`, nothing. */
  readonly profile?: Profile | undefined;
  /** With which the profile `webpki` refuses wildcards for whole registries; without it, those for top-level domains. */
  readonly publicSuffixes?: PublicSuffixes | undefined;
  /** How many CAs that are not self-issued may stand between an end entity and its anchor: at most 10, the default. */
  readonly maximumIntermediates?: number | undefined;
  /** How an end entity's name is made (`Identity.name`); by default there is none. */
  readonly identityRules?: readonly IdentityRule[] | undefined;
  /** Certificate policies that are demanded; by default none. */
  readonly policies?: PolicyInputs | undefined;
  /** What to do where it is not known whether a certificate is revoked; by default `prefer`. */
  readonly revocation?: RevocationPolicy | undefined;
  /** The logs of which a server's certificate must be; without it, none is asked for. */
  readonly transparency?: TransparencySettings | undefined;
  /** The CRLs and OCSP responses to judge by. What is put into the stores later counts from then on. */
  readonly crls?: CrlStore | undefined;
  readonly ocsp?: OcspStore | undefined;
}

/**
 * The CertificateValidator that works in this process and answers at once. It keeps what it learned of certificates
 * (their content, keys and good signatures) in bounded memory, so that a chain seen before costs little.
 */
export class LocalCertificateValidator implements CertificateValidator {
  readonly #crypto: CryptoProvider;
  readonly #store: TrustStore;
  readonly #credentials: readonly Credential[];
  readonly #profile: Profile;
  readonly #publicSuffixes: PublicSuffixes | undefined;
  readonly #maximumIntermediates: number;
  readonly #policies: PolicyInputs;
  readonly #revocation: Omit<RevocationSettings, 'staple'>;
  readonly #transparency: TransparencyCheck | undefined;
  readonly #verified: VerifiedSignatures = new WeakMap();
  readonly #identityRules: readonly IdentityRule[];
  readonly #identities = new WeakMap<Certificate, Identity>();

  /** @throws TlsError `configuration-invalid` that says which anchor cannot be read */
  constructor(options: LocalCertificateValidatorOptions) {
    const { crypto, anchors, credentials, profile = 'path', policies = anyPolicies } = options;
    const { revocation = 'prefer', crls = new CrlStore(), ocsp = new OcspStore() } = options;
    this.#crypto = crypto;
    this.#store = new TrustStore(anchors);
    this.#credentials = credentials;
    this.#profile = profile;
    this.#publicSuffixes = options.publicSuffixes;
    this.#maximumIntermediates = Math.min(options.maximumIntermediates ?? limits.intermediates, limits.intermediates);
    this.#identityRules = options.identityRules ?? [];
    this.#policies = policies;
    this.#transparency = options.transparency && new TransparencyCheck(crypto, options.transparency);
    this.#revocation = { policy: revocation, crls, ocsp };
  }

  validate(request: ValidationRequest): Verdict {
    const { chain, purpose, keyUse = 'sign', serverName, time, ocspResponse } = request;
    const [first, ...others] = chain.slice(0, limits.certificates).map(parseSent);
    if (first === undefined) return { ...noCertificate, trusted: false, certificate: undefined };
    if (!first.parsed) return first.verdict;
    const endEntity = first.certificate;
    const search = new PathSearch({
      crypto: this.#crypto,
      store: this.#store,
      verified: this.#verified,
      purpose,
      keyUse,
      profile: this.#profile,
      publicSuffixes: this.#publicSuffixes,
      maximumIntermediates: this.#maximumIntermediates,
      time,
      intermediates: others.flatMap((sent) => (sent.parsed ? [sent.certificate] : [])),
      policies: this.#policies,
      revocation: { ...this.#revocation, staple: ocspResponse },
    });
    const result = search.run(endEntity);
    if (!result.found) {
      // An issuer that is missing may be the very one that could not be read.
      const unread = others.find((sent) => !sent.parsed);
      return result.failure.reason === 'certificate-issuer-unknown' && unread !== undefined
        ? unread.verdict
        : rejected(result.failure);
    }
    if (serverName !== undefined && !isForHost(endEntity, serverName))
      return nameMismatch(result.path, endEntity, serverName);
    const evidence = { delivered: request.signedCertificateTimestamps, staple: ocspResponse, time };
    const breach = purpose === 'server' ? this.#transparency?.breachOf(result.path, evidence) : undefined;
    if (breach !== undefined) return rejected({ ...breach, certificate: endEntity, depth: 0, path: result.path });
    return { trusted: true, path: result.path.map(({ der }) => der), identity: this.#identityOf(endEntity) };
  }

  credentials(): readonly Credential[] {
    return this.#credentials;
  }

  authorities(): readonly Uint8Array[] {
    return this.#store.names;
  }

  #identityOf(certificate: Certificate): Identity {
    const identity = this.#identities.get(certificate) ?? identityOf(this.#crypto, certificate, this.#identityRules);
    this.#identities.set(certificate, identity);
    return identity;
  }
}

type SentCertificate =
  | { readonly parsed: true; readonly certificate: Certificate }
  | { readonly parsed: false; readonly verdict: RejectedVerdict };

const noCertificate = {
  reason: 'certificate-missing',
  detail: 'the chain holds no certificate',
  rule: 'RFC 8446 section 4.4.2.4',
} as const;

function parseSent(der: Uint8Array, index: number): SentCertificate {
  try {
    return { parsed: true, certificate: parseCertificate(der) };
  } catch (error) {
    if (!(error instanceof TlsError)) throw error;
    const detail = `certificate ${index} of the chain cannot be read: ${error.detail}`;
    const verdict = { trusted: false, reason: 'certificate-malformed', certificate: undefined, detail } as const;
    return { parsed: false, verdict: { ...verdict, rule: 'RFC 5280 section 4.1' } };
  }
}

function rejected({ reason, detail, rule, certificate, depth, path }: Failure): RejectedVerdict {
  const { text: subject } = certificate.subject;
  return { trusted: false, reason, certificate: { subject, depth }, detail, rule, path: path.map(({ der }) => der) };
}

function nameMismatch(path: readonly Certificate[], certificate: Certificate, serverName: string): RejectedVerdict {
  const names = hostNamesOf(certificate);
  const some = names.slice(0, 10).map((name) => quoted(name));
  const more = names.length > some.length ? ` and ${names.length - some.length} more` : '';
  const whose = names.length === 0 ? 'no host name (subjectAltName)' : `${some.join(', ')}${more}`;
  return rejected({
    reason: 'certificate-name-mismatch',
    detail: `the certificate is for ${whose}, not for ${quoted(serverName)}`,
    rule: 'RFC 9525 section 6',
    certificate,
    depth: 0,
    path,
  });
}
