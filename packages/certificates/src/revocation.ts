import { TlsError } from '@handfast/wire';
import type { Certificate } from './certificate.ts';
import type { Crl } from './crl.ts';
import { type CrlCheck, crlStatus, type RevocationStatus } from './crl-status.ts';
import type { CrlStore } from './crl-store.ts';
import type { DistributionPoint } from './distribution-point.ts';
import { quoted } from './name.ts';
import { type OcspResponse, parseOcspResponse } from './ocsp.ts';
import { type OcspCheck, type OcspStatus, ocspStatus } from './ocsp-status.ts';
import type { OcspStore } from './ocsp-store.ts';
import { type Breach, breachOfCrlIssuer, breachOfOcspResponder } from './path-rules.ts';
import type { LocatedBreach, PathSearchSettings } from './path-search.ts';
import type { SignatureCheck } from './signature-check.ts';

/**
 * `require` refuses a path on which the status of any certificate is unknown, `prefer` only one of which a certificate is
 * known to be revoked, `off` does not look.
 */
export type RevocationPolicy = 'require' | 'prefer' | 'off';

export interface RevocationSettings {
  readonly policy: RevocationPolicy;
  readonly crls: CrlStore;
  readonly ocsp: OcspStore;
  /** OCSPResponse about the end entity that its owner sent along, DER. */
  readonly staple: Uint8Array | undefined;
}

/** RFC 7633 section 4.2.2: the number of the extension `status_request`. */
const statusRequest = 5;
const rule = 'RFC 5280 section 6.1.3 (a)(3)';

/** Judges the revocation of a path (RFC 5280 section 6.1.3 (a)(3)) by a stapled response, by OCSP, by CRLs. */
export class RevocationCheck {
  readonly #settings: PathSearchSettings;
  readonly #signatures: SignatureCheck;
  /** CRLs that are rightly signed, and whose signers are being judged. */
  readonly #pending: ReadonlySet<Crl>;
  readonly #leadsToAnchorOf: (path: readonly Certificate[], signer: Certificate, crl: Crl) => boolean;

  /** @param leadsToAnchorOf whether the signer of a CRL has a path of its own to the anchor of `path` */
  constructor(
    settings: PathSearchSettings,
    signatures: SignatureCheck,
    pending: ReadonlySet<Crl>,
    leadsToAnchorOf: (path: readonly Certificate[], signer: Certificate, crl: Crl) => boolean,
  ) {
    this.#settings = settings;
    this.#signatures = signatures;
    this.#pending = pending;
    this.#leadsToAnchorOf = leadsToAnchorOf;
  }

  /** What speaks against a path, from the anchor down. @param path the anchor last */
  failureOf(path: readonly Certificate[]): LocatedBreach | undefined {
    if (this.#settings.revocation.policy === 'off') return undefined;
    for (let depth = path.length - 2; depth >= 0; depth--) {
      const [certificate, issuer] = [path[depth], path[depth + 1]];
      if (certificate === undefined || issuer === undefined) continue;
      const breach = this.#breachOf(certificate, issuer, path, depth);
      if (breach !== undefined) return { ...breach, certificate, depth };
    }
    return undefined;
  }

  #breachOf(
    certificate: Certificate,
    issuer: Certificate,
    path: readonly Certificate[],
    depth: number,
  ): Breach | undefined {
    const stapled = depth === 0 ? this.#stapledStatus(certificate, issuer, path) : undefined;
    if (stapled?.status === 'invalid') return badStaple(stapled.why);
    if (depth === 0 && this.#mustStaple(certificate) && (stapled === undefined || stapled.status === 'unknown')) {
      return badStaple(
        stapled?.why ?? `${quoted(certificate.subject)} must come with an OCSP response, and came without`,
      );
    }
    const status = firstKnown(
      stapled,
      () => this.#ocspStatus(certificate, issuer, path, this.#settings.revocation.ocsp.about(certificate)),
      () => this.#crlStatus(certificate, issuer, path),
    );
    if (status.status === 'good') return undefined;
    if (status.status === 'revoked') return revoked(certificate, status);
    if (this.#settings.revocation.policy === 'prefer') return undefined;
    const detail = `whether ${quoted(certificate.subject)} is revoked is unknown: ${status.why}`;
    return { reason: 'certificate-revocation-unknown', detail, rule };
  }

  #mustStaple({ tlsFeatures }: Certificate): boolean {
    return this.#settings.purpose === 'server' && tlsFeatures.includes(statusRequest);
  }

  #stapledStatus(certificate: Certificate, issuer: Certificate, path: readonly Certificate[]): OcspStatus | undefined {
    const { staple } = this.#settings.revocation;
    if (staple === undefined) return undefined;
    try {
      return this.#ocspStatus(certificate, issuer, path, parseOcspResponse(staple));
    } catch (error) {
      if (!(error instanceof TlsError)) throw error;
      return { status: 'invalid', why: `the OCSP response cannot be read: ${error.detail}` };
    }
  }

  #ocspStatus(
    certificate: Certificate,
    issuer: Certificate,
    path: readonly Certificate[],
    response: OcspResponse | undefined,
  ): OcspStatus | undefined {
    const { crypto, time } = this.#settings;
    const place = { ...this.#settings, below: [], isAnchor: false };
    const isUsable: OcspCheck['isUsable'] = (responder) =>
      breachOfOcspResponder(responder, place) === undefined &&
      // RFC 6960 section 4.2.2.2.1: that a responder was revoked can be known by CRLs alone.
      this.#crlStatus(responder, issuer, path).status !== 'revoked';
    return (
      response && ocspStatus(certificate, issuer, response, { crypto, time, signatures: this.#signatures, isUsable })
    );
  }

  #crlStatus(certificate: Certificate, issuer: Certificate, path: readonly Certificate[]): RevocationStatus {
    const { time, revocation } = this.#settings;
    const isAuthentic: CrlCheck['isAuthentic'] = (crl, point) => this.#isAuthentic(crl, point, issuer, path);
    return crlStatus(certificate, { crls: revocation.crls, time, isAuthentic });
  }

  /**
   * RFC 5280 section 6.3.3 (f) and (g): whether a CRL is signed by the issuer of the certificate that it is to speak of,
   * or by another CA of the CRL's issuer's name with a path of its own to the same anchor.
   */
  #isAuthentic(crl: Crl, point: DistributionPoint, issuer: Certificate, path: readonly Certificate[]): boolean {
    // Of its own signer it tells where that is what the signer's issuer has said, and nobody else would.
    if (this.#pending.has(crl)) return point.crlIssuer !== undefined;
    if (issuer.subject.key === crl.issuer.key && this.#maySign(crl, issuer)) return true;
    const { intermediates, store } = this.#settings;
    return [...path, ...intermediates, ...store.named(crl.issuer)].some(
      (signer) =>
        signer !== issuer &&
        signer.subject.key === crl.issuer.key &&
        this.#maySign(crl, signer) &&
        this.#leadsToAnchorOf(path, signer, crl),
    );
  }

  #maySign(crl: Crl, signer: Certificate): boolean {
    if (breachOfCrlIssuer(signer, this.#settings.crypto) !== undefined) return false;
    return this.#signatures.result(crl, signer) === 'right';
  }
}

/** The first status that is known, else the reason for which the last one is not. */
function firstKnown(
  stapled: RevocationStatus | undefined,
  fetched: () => OcspStatus | undefined,
  listed: () => RevocationStatus,
): RevocationStatus {
  if (stapled !== undefined && stapled.status !== 'unknown') return stapled;
  const answer = fetched();
  if (answer?.status === 'good' || answer?.status === 'revoked') return answer;
  const entry = listed();
  const why = answer?.why ?? stapled?.why;
  return entry.status !== 'unknown' || why === undefined ? entry : { status: 'unknown', why };
}

/** RFC 6066 section 8 gives this an alert of its own. */
function badStaple(why: string): Breach {
  return {
    reason: 'certificate-status-response',
    detail: `${why}; the server's administrator must see to it`,
    rule: 'RFC 6066 section 8',
  };
}

function revoked(
  { subject }: Certificate,
  { revocation: { time, reason } }: RevocationStatus & { status: 'revoked' },
): Breach {
  const detail = `${quoted(subject)} was revoked at ${new Date(time).toISOString()} (${reason}); have a new one issued`;
  return { reason: 'certificate-revoked', detail, rule };
}
