import type { AlertName } from './alerts.ts';

/**
 * Every reason for which Handfast ends a connection, with the alert that tells the peer (RFC 8446 section 6.2,
 * RFC 5246 section 7.2.2). The list is closed, so that a reason can be a metric label.
 */
export const alertOfReason = {
  // Bytes that are not what the protocol's grammar allows.
  'malformed-message': 'decode_error',
  'trailing-data': 'decode_error',
  'message-too-long': 'illegal_parameter',
  'record-too-long': 'record_overflow',
  'malformed-record': 'decode_error',
  'wrong-record-version': 'protocol_version',
  'plaintext-protocol': 'unexpected_message',
  'unexpected-message': 'unexpected_message',
  'unexpected-record': 'unexpected_message',
  'too-many-records': 'unexpected_message',
  'too-much-early-data': 'unexpected_message',
  'interleaved-message': 'unexpected_message',
  'record-authentication-failed': 'bad_record_mac',
  'record-limit-reached': 'internal_error',
  'illegal-parameter': 'illegal_parameter',
  'duplicate-extension': 'illegal_parameter',
  'unsolicited-extension': 'unsupported_extension',
  'misplaced-extension': 'illegal_parameter',
  'missing-extension': 'missing_extension',
  // Negotiation that found nothing in common.
  'no-common-version': 'protocol_version',
  'no-common-cipher-suite': 'handshake_failure',
  'no-common-group': 'handshake_failure',
  'unsafe-group': 'insufficient_security',
  'no-common-signature-scheme': 'handshake_failure',
  'no-common-application-protocol': 'no_application_protocol',
  'no-certificate-for-name': 'unrecognized_name',
  'no-usable-certificate': 'handshake_failure',
  'downgrade-detected': 'illegal_parameter',
  'inappropriate-fallback': 'inappropriate_fallback',
  'extended-master-secret-missing': 'handshake_failure',
  'secure-renegotiation-mismatch': 'handshake_failure',
  'renegotiation-refused': 'no_renegotiation',
  // Cryptographic proofs that failed.
  'invalid-key-share': 'illegal_parameter',
  'signature-invalid': 'decrypt_error',
  'signature-scheme-not-offered': 'illegal_parameter',
  'finished-mismatch': 'decrypt_error',
  'binder-mismatch': 'decrypt_error',
  // Certificates.
  'certificate-malformed': 'bad_certificate',
  'certificate-unsupported': 'unsupported_certificate',
  'certificate-expired': 'certificate_expired',
  'certificate-not-yet-valid': 'certificate_expired',
  'certificate-revoked': 'certificate_revoked',
  'certificate-revocation-unknown': 'certificate_unknown',
  'certificate-issuer-unknown': 'unknown_ca',
  'certificate-self-signed': 'unknown_ca',
  'certificate-signature-invalid': 'bad_certificate',
  'certificate-name-mismatch': 'bad_certificate',
  'certificate-not-a-ca': 'unknown_ca',
  'certificate-path-too-long': 'unknown_ca',
  'certificate-key-usage': 'unsupported_certificate',
  'certificate-purpose': 'unsupported_certificate',
  'certificate-weak': 'unsupported_certificate',
  'certificate-status-response': 'bad_certificate_status_response',
  'certificate-policy': 'certificate_unknown',
  'certificate-transparency': 'certificate_unknown',
  'certificate-profile': 'bad_certificate',
  'certificate-rejected': 'certificate_unknown',
  'certificate-required': 'certificate_required',
  'certificate-missing': 'decode_error',
  // Ours and the world's.
  'peer-alert': 'internal_error',
  'peer-closed': 'internal_error',
  'connection-lost': 'internal_error',
  'handshake-timeout': 'user_canceled',
  'handshake-too-large': 'internal_error',
  cancelled: 'user_canceled',
  'service-unavailable': 'internal_error',
  'service-timeout': 'internal_error',
  'service-busy': 'internal_error',
  'service-reply-invalid': 'internal_error',
  'service-failed': 'internal_error',
  'configuration-invalid': 'internal_error',
  'internal-error': 'internal_error',
} as const satisfies Readonly<Record<string, AlertName>>;

/** A low-cardinality name for what went wrong. */
export type Reason = keyof typeof alertOfReason;

/**
 * The one error of the stack. `alert` is all that the peer learns; `reason`, `step` and `detail` are for our own
 * logs and traces. The detail never holds a secret.
 */
export class TlsError extends Error {
  override readonly name = 'TlsError';
  readonly reason: Reason;
  /** The alert for the peer. */
  readonly alert: AlertName;
  /** The handshake step in which it happened, by its message name, where known. */
  readonly step: string | undefined;
  readonly detail: string;

  constructor(
    reason: Reason,
    detail: string,
    where: {
      readonly step?: string | undefined;
      readonly alert?: AlertName | undefined;
      readonly cause?: unknown;
    } = {},
  ) {
    super(where.step === undefined ? `${reason}: ${detail}` : `${reason} in ${where.step}: ${detail}`, {
      cause: where.cause,
    });
    this.reason = reason;
    this.alert = where.alert ?? alertOfReason[reason];
    this.step = where.step;
    this.detail = detail;
  }

  /** The same error, told with the step in which it happened; unchanged if it knows one already. */
  at(step: string): TlsError {
    if (this.step !== undefined) return this;
    return new TlsError(this.reason, this.detail, { step, alert: this.alert, cause: this.cause });
  }
}
