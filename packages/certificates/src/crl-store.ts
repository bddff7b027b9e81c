import { type Crl, parseCrl } from './crl.ts';
import type { Name } from './name.ts';

/** The CRLs that are at hand, found by their issuers' names. Nothing is believed of them until a check verifies them. */
export class CrlStore {
  readonly #bySource = new Map<string, Crl>();
  readonly #byIssuer = new Map<string, readonly Crl[]>();

  /**
   * Adds a CRL, or replaces the one that came from the same source.
   * @param source where it came from, such as its URL or file
   * @param der CertificateList; it is kept, and must not change afterwards
   * @throws TlsError `certificate-malformed`; what was there before stays
   */
  put(source: string, der: Uint8Array): void {
    const crl = parseCrl(der);
    const previous = this.#bySource.get(source);
    if (previous !== undefined)
      this.#setIssuer(previous.issuer, (known) => known.filter((other) => other !== previous));
    this.#bySource.set(source, crl);
    this.#setIssuer(crl.issuer, (known) => [...known, crl]);
  }

  /** The CRL that came from a source. */
  from(source: string): Crl | undefined {
    return this.#bySource.get(source);
  }

  /** The CRLs by an issuer of this name, whatever they cover. */
  by(issuer: Name): readonly Crl[] {
    return this.#byIssuer.get(issuer.key) ?? [];
  }

  #setIssuer(issuer: Name, change: (known: readonly Crl[]) => readonly Crl[]): void {
    this.#byIssuer.set(issuer.key, change(this.by(issuer)));
  }
}
