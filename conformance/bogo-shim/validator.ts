import {
  type Certificate,
  type CertificateValidator,
  type Identity,
  parseCertificate,
  type RejectedVerdict,
  summarize,
  type ValidationRequest,
  type Verdict,
} from '@handfast/certificates';
import { nativeCrypto } from '@handfast/crypto/native';
import { type Answer, type AskContext, TlsError } from '@handfast/wire';
import type { Settings } from './arguments.ts';

/**
 * Trusts every chain whose end entity can be read and may be used so, as BoringSSL with the verify callback of its own
 * shim does. The runner tests TLS, not path validation, and its certificates would not do: they have no subject, and names
 * that are not critical (RFC 5280 section 4.1.2.6).
 */
export const trustingValidator: CertificateValidator = {
  validate: trust,
  credentials: () => [],
  authorities: () => [],
};

function trust({ chain, keyUse = 'sign' }: ValidationRequest): Verdict {
  const [endEntity] = chain;
  if (endEntity === undefined) return refusal('certificate-missing', 'the chain holds no certificate');
  try {
    const certificate = parseCertificate(endEntity);
    const { keyUsage } = certificate;
    const allowed = keyUse === 'sign' ? keyUsage?.digitalSignature : keyUsage?.keyEncipherment;
    if (allowed === false) return refusal('certificate-key-usage', `its key is not to ${keyUse}`);
    return { trusted: true, path: chain, identity: identityOf(certificate) };
  } catch (error) {
    if (!(error instanceof TlsError)) throw error;
    return refusal('certificate-malformed', error.detail);
  }
}

function identityOf(certificate: Certificate): Identity {
  const { names: dnsNames, ...identity } = summarize(nativeCrypto, certificate);
  return { ...identity, dnsNames };
}

function refusal(reason: RejectedVerdict['reason'], detail: string): Verdict {
  return { trusted: false, reason, certificate: undefined, detail, rule: 'the shim' };
}

/** A validator whose trust the runner may take back, as by the application's verify callback. */
export class VerifyCallback implements CertificateValidator {
  readonly #inner: CertificateValidator;
  /** What the runner wants by now. */
  settings: Settings;
  readonly credentials: CertificateValidator['credentials'];
  readonly authorities: CertificateValidator['authorities'];

  constructor(inner: CertificateValidator, settings: Settings) {
    this.#inner = inner;
    this.settings = settings;
    this.credentials = (context) => inner.credentials(context);
    this.authorities = (context) => inner.authorities(context);
  }

  validate(request: ValidationRequest, context: AskContext): Answer<Verdict> {
    const verdict = this.#inner.validate(request, context);
    if (!this.settings['-verify-fail'] && !this.settings['-fail-ocsp-callback']) return verdict;
    return verdict instanceof Promise ? verdict.then(() => this.#refuse()) : this.#refuse();
  }

  /** BoringSSL's older callback has another alert than the newer one. */
  #refuse(): Verdict {
    const detail = 'the runner wants it refused';
    if (this.settings['-fail-ocsp-callback']) {
      throw new TlsError('certificate-rejected', detail, { alert: 'bad_certificate_status_response' });
    }
    if (this.settings['-verify-peer'] && !this.settings['-use-custom-verify-callback']) {
      throw new TlsError('certificate-rejected', detail, { step: 'Certificate', alert: 'handshake_failure' });
    }
    return refusal('certificate-rejected', detail);
  }
}
