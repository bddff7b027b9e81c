import {
  type Certificate,
  CrlStore,
  encodeOcspRequest,
  nonceOf,
  OcspStore,
  parseCertificate,
  parseOcspResponse,
} from '@handfast/certificates';
import type { CryptoProvider } from '@handfast/crypto';
import { type FetchOptions, fetchBytes } from '../network/fetch.ts';

export interface EvidenceOptions {
  readonly crypto: CryptoProvider;
  /** Milliseconds for one fetch. */
  readonly timeout: number;
  /** Whether CAs at addresses that are not public may be asked. */
  readonly privateAddresses: boolean;
  /** Gets a line for each source that gives nothing. */
  readonly log?: ((line: string) => void) | undefined;
  readonly now: () => number;
}

const minute = 60_000;
/** A source that gave nothing is not asked again for a while; one that did, not before it has news, or a day is over. */
const [retryAfter, atLeast, atMost] = [minute, 5 * minute, 24 * 60 * minute];
const [longestCrl, longestResponse] = [16 * 1024 * 1024, 64 * 1024];
/** Sources that are kept in mind; beyond them, nothing new is asked. */
const mostSources = 4096;

/** Fetches what tells whether certificates are revoked, each source once for as long as its answer holds. */
export class RevocationEvidence {
  readonly crls = new CrlStore();
  readonly ocsp = new OcspStore();
  readonly #options: EvidenceOptions;
  /** When each source is to be asked again. */
  readonly #askAgain = new Map<string, number>();
  /** The same source is asked once, however many handshakes wait for it. */
  readonly #underWay = new Map<string, Promise<boolean>>();

  constructor(options: EvidenceOptions) {
    this.#options = options;
  }

  /**
   * Fetches what is missing of the certificates of a path, from the OCSP responder, else the CRL.
   * @param path DER, end entity first, anchor last
   * @param from the first certificate to ask about; 1 where the end entity's status came with it
   * @returns undefined where nothing is missing, so that nobody need wait
   */
  gather(path: readonly Uint8Array[], from: 0 | 1): Promise<unknown> | undefined {
    const certificates = path.map(parseCertificate);
    const tasks = certificates.slice(from, -1).flatMap((certificate, index) => {
      const issuer = certificates[from + index + 1];
      const task = issuer && this.#about(certificate, issuer);
      return task === undefined ? [] : [task];
    });
    return tasks.length === 0 ? undefined : Promise.all(tasks);
  }

  /** A fresh OCSP response about a certificate, DER; undefined where no responder gives one. */
  async ocspResponse(certificate: Certificate, issuer: Certificate): Promise<Uint8Array | undefined> {
    const [url] = certificate.ocspResponders.filter(isHttp);
    if (url === undefined) return undefined;
    const nonce = this.#options.crypto.randomBytes(16);
    const content = encodeOcspRequest(certificate, issuer, nonce);
    const der = await this.#fetch(url, longestResponse, { type: 'application/ocsp-request', content });
    const response = parseOcspResponse(der);
    if (response.status !== 'successful') throw new Error(`answers ${response.status}`);
    const repeated = nonceOf(response.basic);
    // RFC 8954 section 2.1: most responders sign ahead of time, and repeat none.
    if (repeated !== undefined && Buffer.compare(repeated, nonce) !== 0) throw new Error('repeats another nonce');
    return der;
  }

  #about(certificate: Certificate, issuer: Certificate): Promise<unknown> | undefined {
    const lists = (certificate.crlDistributionPoints ?? []).flatMap(({ name }) =>
      name?.kind === 'full' ? name.names.flatMap((place) => (place.kind === 'uri' ? [place.value] : [])) : [],
    );
    const askLists = () => {
      const due = lists.filter((url) => isHttp(url) && this.#isDue([url]));
      return due.length === 0 ? undefined : Promise.all(due.map((url) => this.#once(url, () => this.#fetchCrl(url))));
    };
    const [responder] = certificate.ocspResponders.filter(isHttp);
    if (responder === undefined) return askLists();
    const source = `${responder} ${Buffer.from(certificate.signature).toString('hex')}`;
    if (!this.#isDue([source])) return undefined;
    const answered = this.#once(source, () => this.#fetchOcsp(certificate, issuer));
    return answered.then((isAnswered) => (isAnswered ? undefined : askLists()));
  }

  async #fetchOcsp(certificate: Certificate, issuer: Certificate): Promise<number | undefined> {
    const der = await this.ocspResponse(certificate, issuer);
    if (der === undefined) return undefined;
    this.ocsp.put(certificate, der);
    const response = parseOcspResponse(der);
    return response.status === 'successful' ? response.basic.responses[0]?.nextUpdate : undefined;
  }

  async #fetchCrl(url: string): Promise<number | undefined> {
    this.crls.put(url, await this.#fetch(url, longestCrl));
    return this.crls.from(url)?.nextUpdate;
  }

  #fetch(url: string, maximumLength: number, body?: FetchOptions['body']): Promise<Uint8Array> {
    const { timeout, privateAddresses } = this.#options;
    return fetchBytes(url, { timeout, maximumLength, privateAddresses, body });
  }

  /** Asks a source, if it is time to. @param ask gives when there will be news. @returns whether it answered */
  #once(source: string, ask: () => Promise<number | undefined>): Promise<boolean> {
    const underWay = this.#underWay.get(source);
    if (underWay !== undefined) return underWay;
    const asked = this.#ask(source, ask).finally(() => this.#underWay.delete(source));
    this.#underWay.set(source, asked);
    return asked;
  }

  async #ask(source: string, ask: () => Promise<number | undefined>): Promise<boolean> {
    const { now, log } = this.#options;
    const remember = (time: number): void => {
      this.#askAgain.delete(source);
      this.#askAgain.set(source, time);
    };
    try {
      const news = (await ask()) ?? 0;
      remember(Math.min(Math.max(news, now() + atLeast), now() + atMost));
      return true;
    } catch (error) {
      remember(now() + retryAfter);
      log?.(`revocation: ${source.slice(0, 200)}: ${error instanceof Error ? error.message : String(error)}`);
      return false;
    }
  }

  #isDue(sources: readonly string[]): boolean {
    const time = this.#options.now();
    const due = sources.filter((source) => (this.#askAgain.get(source) ?? 0) <= time);
    if (due.length === 0) return false;
    for (const [source, askAgain] of this.#askAgain) {
      if (this.#askAgain.size < mostSources) return true;
      if (askAgain <= time) this.#askAgain.delete(source);
    }
    return this.#askAgain.size < mostSources;
  }
}

function isHttp(url: string): boolean {
  return /^https?:\/\//i.test(url);
}
