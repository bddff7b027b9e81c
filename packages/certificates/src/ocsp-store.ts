import { toHex } from '@handfast/wire';
import type { Certificate } from './certificate.ts';
import { type OcspResponse, parseOcspResponse } from './ocsp.ts';

/** How many responses are kept; the oldest ones go first. */
const capacity = 4096;

/** The OCSP responses that are at hand. Nothing is believed of them until a check verifies them. */
export class OcspStore {
  readonly #responses = new Map<string, OcspResponse>();

  /**
   * Adds a response about a certificate, or replaces the one there was.
   * @param der OCSPResponse
   * @throws TlsError `certificate-malformed`; what was there before stays
   */
  put(certificate: Certificate, der: Uint8Array): void {
    const key = keyOf(certificate);
    const response = parseOcspResponse(der);
    this.#responses.delete(key);
    this.#responses.set(key, response);
    for (const oldest of this.#responses.keys()) {
      if (this.#responses.size <= capacity) return;
      this.#responses.delete(oldest);
    }
  }

  about(certificate: Certificate): OcspResponse | undefined {
    return this.#responses.get(keyOf(certificate));
  }
}

function keyOf({ serialNumber, issuer }: Certificate): string {
  return `${toHex(serialNumber)} ${issuer.key}`;
}
