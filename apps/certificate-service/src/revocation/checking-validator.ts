import type {
  CertificateValidator,
  Credential,
  LocalCertificateValidator,
  ValidationRequest,
  Verdict,
} from '@handfast/certificates';
import type { Answer, AskContext } from '@handfast/wire';
import type { RevocationEvidence } from './evidence.ts';

/** Time that is left for judging and answering after a fetch, in milliseconds. */
const margin = 50;

/** The validator of the service: it fetches what its judgement lacks, and has the credentials of the directory. */
export class CheckingValidator implements CertificateValidator {
  readonly #local: LocalCertificateValidator;
  readonly #evidence: RevocationEvidence | undefined;
  readonly #credentials: () => readonly Credential[];

  /** @param evidence undefined where nothing is to be fetched */
  constructor(
    local: LocalCertificateValidator,
    evidence: RevocationEvidence | undefined,
    credentials: () => readonly Credential[],
  ) {
    this.#local = local;
    this.#evidence = evidence;
    this.#credentials = credentials;
  }

  validate(request: ValidationRequest, { deadline }: AskContext): Answer<Verdict> {
    const verdict = this.#local.validate(request);
    // Whoever a URL names is asked on the word of a trusted CA alone, never on that of a stranger.
    const path = verdict.trusted || verdict.reason === 'certificate-revocation-unknown' ? verdict.path : undefined;
    const missing = path && this.#evidence?.gather(path, request.ocspResponse === undefined ? 0 : 1);
    if (missing === undefined) return verdict;
    return Promise.race([missing, until(deadline - margin)]).then(() => this.#local.validate(request));
  }

  credentials(): readonly Credential[] {
    return this.#credentials();
  }

  authorities(): readonly Uint8Array[] {
    return this.#local.authorities();
  }
}

function until(time: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, Math.max(0, time - Date.now())).unref();
  });
}
