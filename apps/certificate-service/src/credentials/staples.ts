import {
  type Credential,
  LocalCertificateValidator,
  parseCertificate,
  parseOcspResponse,
} from '@handfast/certificates';
import type { CryptoProvider } from '@handfast/crypto';
import type { RevocationEvidence } from '../revocation/evidence.ts';

interface Staple {
  /** OCSPResponse, DER; undefined where there is none to be had. */
  readonly response: Uint8Array | undefined;
  /** When it ends, and when to ask for the next one; milliseconds since the Unix epoch. */
  readonly ends: number;
  readonly askAgain: number;
}

const hour = 3_600_000;
const retryAfter = 5 * 60_000;

/** OCSP responses about our own chains, to be stapled: fetched ahead of time, verified, and asked for anew at half-time. */
export class Staples {
  readonly #crypto: CryptoProvider;
  readonly #evidence: RevocationEvidence;
  readonly #log: ((line: string) => void) | undefined;
  readonly #staples = new Map<string, Staple>();

  constructor(crypto: CryptoProvider, evidence: RevocationEvidence, log?: (line: string) => void) {
    this.#crypto = crypto;
    this.#evidence = evidence;
    this.#log = log;
  }

  /** The credential with its response, where there is one that holds. */
  stapled(credential: Credential, time: number): Credential {
    const staple = this.#staples.get(keyOf(credential));
    if (staple?.response === undefined || time >= staple.ends) return credential;
    return { ...credential, ocspResponse: staple.response };
  }

  /** Fetches the responses that are due. */
  async refresh(credentials: readonly Credential[], time: number): Promise<void> {
    const keys = new Set(credentials.map(keyOf));
    for (const key of this.#staples.keys()) if (!keys.has(key)) this.#staples.delete(key);
    const due = credentials.filter((credential) => (this.#staples.get(keyOf(credential))?.askAgain ?? 0) <= time);
    await Promise.all(due.map((credential) => this.#fetch(credential, time)));
  }

  async #fetch(credential: Credential, time: number): Promise<void> {
    const key = keyOf(credential);
    const [der, issuerDer] = credential.chain;
    if (der === undefined || issuerDer === undefined) return;
    const [certificate, issuer] = [parseCertificate(der), parseCertificate(issuerDer)];
    try {
      const response = await this.#evidence.ocspResponse(certificate, issuer);
      if (response === undefined) {
        this.#staples.set(key, { response, ends: 0, askAgain: Infinity });
        return;
      }
      const why = this.#objection(der, issuerDer, response, time);
      if (why !== undefined) throw new Error(why);
      const ends = endOf(response) ?? time + hour;
      this.#staples.set(key, { response, ends, askAgain: time + Math.max((ends - time) / 2, retryAfter) });
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      this.#log?.(`staple for ${certificate.subject.text}: ${why}`);
      const { response, ends = 0 } = this.#staples.get(key) ?? {};
      this.#staples.set(key, { response, ends, askAgain: time + retryAfter });
    }
  }

  /** Why a peer would not be content with the response: it is judged as they do, by the issuer. */
  #objection(der: Uint8Array, issuer: Uint8Array, ocspResponse: Uint8Array, time: number): string | undefined {
    const options = { crypto: this.#crypto, anchors: [issuer], credentials: [], revocation: 'require' } as const;
    const request = { chain: [der], serverName: undefined, time, ocspResponse, signedCertificateTimestamps: [] };
    const verdicts = (['server', 'client'] as const).map((purpose) =>
      new LocalCertificateValidator(options).validate({ ...request, purpose }),
    );
    const [first] = verdicts;
    if (first === undefined || first.trusted || verdicts.some(({ trusted }) => trusted)) return undefined;
    return first.detail;
  }
}

function endOf(response: Uint8Array): number | undefined {
  const parsed = parseOcspResponse(response);
  return parsed.status === 'successful' ? parsed.basic.responses[0]?.nextUpdate : undefined;
}

function keyOf({ chain: [endEntity = new Uint8Array()] }: Credential): string {
  return Buffer.from(endEntity).toString('base64');
}
