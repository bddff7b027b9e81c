/** AlertDescription code points that TLS 1.2 and 1.3 use (RFC 8446 section 6, RFC 5246 section 7.2). */
export const AlertDescription = {
  close_notify: 0,
  unexpected_message: 10,
  bad_record_mac: 20,
  record_overflow: 22,
  /** Of compression, which TLS 1.3 does not have (RFC 5246 section 7.2.2). */
  decompression_failure: 30,
  handshake_failure: 40,
  bad_certificate: 42,
  unsupported_certificate: 43,
  certificate_revoked: 44,
  certificate_expired: 45,
  certificate_unknown: 46,
  illegal_parameter: 47,
  unknown_ca: 48,
  access_denied: 49,
  decode_error: 50,
  decrypt_error: 51,
  protocol_version: 70,
  insufficient_security: 71,
  internal_error: 80,
  inappropriate_fallback: 86,
  user_canceled: 90,
  no_renegotiation: 100,
  missing_extension: 109,
  unsupported_extension: 110,
  unrecognized_name: 112,
  bad_certificate_status_response: 113,
  unknown_psk_identity: 115,
  certificate_required: 116,
  no_application_protocol: 120,
} as const;

export type AlertName = keyof typeof AlertDescription;

export const AlertLevel = { warning: 1, fatal: 2 } as const;

export type AlertLevelName = keyof typeof AlertLevel;

const nameByCode: ReadonlyMap<number, string> = new Map(
  Object.entries(AlertDescription).map(([name, code]) => [code, name]),
);

/** The registered name of an alert, or `alert_<number>` for one that this list does not hold. */
export function alertName(description: number): string {
  return nameByCode.get(description) ?? `alert_${description}`;
}
