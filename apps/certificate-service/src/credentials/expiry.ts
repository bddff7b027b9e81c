import { type Credential, parseCertificate } from '@handfast/certificates';
import { metrics } from '@opentelemetry/api';

const day = 86_400_000;
/** Days that are left when a warning is logged. */
const warnings = [1, 3, 7, 14, 30] as const;

/**
 * Shows how long our chains are valid for: as the gauge `handfast.certificate.expires_in`, in seconds, by the name of the
 * certificate, and as warnings in the log.
 */
export class ExpiryWatch {
  readonly #log: ((line: string) => void) | undefined;
  /** The last warning for a certificate that has been logged, in days. */
  readonly #warned = new Map<string, number>();

  constructor(log: ((line: string) => void) | undefined, credentials: () => readonly Credential[], now: () => number) {
    this.#log = log;
    const gauge = metrics
      .getMeter('@handfast/certificate-service')
      .createObservableGauge('handfast.certificate.expires_in', {
        unit: 's',
        description: 'Time for which a certificate that is presented is still valid',
      });
    gauge.addCallback((result) => {
      for (const { name, expires } of credentials().map(expiryOf)) {
        result.observe((expires - now()) / 1000, { 'handfast.certificate.name': name });
      }
    });
  }

  /** Logs a warning for each chain that is about to expire, once for each number of days. */
  warn(credentials: readonly Credential[], time: number): void {
    for (const { key, name, expires } of credentials.map(expiryOf)) {
      const left = (expires - time) / day;
      const warning = left <= 0 ? 0 : warnings.find((days) => left <= days);
      if (warning === undefined || warning >= (this.#warned.get(key) ?? Infinity)) continue;
      this.#warned.set(key, warning);
      const when = new Date(expires).toISOString();
      this.#log?.(`certificate: ${name} ${left <= 0 ? 'has expired' : 'expires'} at ${when}; renew it`);
    }
  }
}

/** Of the whole chain: an intermediate may end before the end entity. */
function expiryOf({ keyId, chain }: Credential): {
  readonly key: string;
  readonly name: string;
  readonly expires: number;
} {
  const certificates = chain.map(parseCertificate);
  const expires = Math.min(...certificates.map(({ notAfter }) => notAfter));
  return { key: `${keyId} ${expires}`, name: certificates[0]?.subject.text ?? '', expires };
}
