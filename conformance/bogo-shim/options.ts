/**
 * The runner's options that this shim knows, and what follows each. This table is the only list of them: the launcher's
 * is made from it. Meanings are those of `ssl/test/test_config.cc` in BoringSSL.
 */
export const options = {
  // The connection to the runner.
  '-port': 'number',
  '-ipv6': 'flag',
  '-shim-id': 'number',
  '-server': 'flag',
  '--bus': 'flag',

  // How the shim behaves.
  '-async': 'flag',
  '-implicit-handshake': 'flag',
  '-shim-writes-first': 'flag',
  '-shim-initial-write': 'text',
  '-repeat-shim-initial-write': 'number',
  '-read-with-unfinished-write': 'flag',
  '-write-different-record-sizes': 'flag',
  '-partial-write': 'flag',
  '-shim-shuts-down': 'flag',
  '-send-alert': 'flag',
  '-check-close-notify': 'flag',
  '-peek-then-read': 'flag',
  '-read-size': 'number',
  '-no-op-extra-handshake': 'flag',
  '-handshake-twice': 'flag',
  '-use-exporter-between-reads': 'flag',
  '-export-keying-material': 'number',
  '-export-label': 'text',
  '-export-context': 'text',
  '-use-export-context': 'flag',
  '-tls-unique': 'flag',
  '-key-update': 'flag',
  '-key-update-before-read': 'flag',

  // More connections, and the sessions that they resume.
  '-resume-count': 'number',
  '-resumption-delay': 'number',
  '-enable-early-data': 'flag',
  '-no-ticket': 'flag',
  '-skip-ticket': 'flag',
  '-reverify-on-resume': 'flag',

  // Credentials.
  '-new-x509-credential': 'flag',
  '-new-delegated-credential': 'flag',
  '-new-psk-credential': 'flag',
  '-cert-file': 'text',
  '-key-file': 'text',
  '-signing-prefs': 'numbers',
  '-ocsp-response': 'base64',
  '-signed-cert-timestamps': 'base64',
  '-must-match-issuer': 'flag',
  '-delegated-credential': 'base64',
  '-psk-importer-identity': 'base64',
  '-psk-importer-key': 'base64',
  '-psk-importer-context': 'base64',
  '-psk-importer-sha256': 'flag',
  '-psk-importer-sha384': 'flag',

  // What is negotiated.
  '-min-version': 'number',
  '-max-version': 'number',
  '-no-tls1': 'flag',
  '-no-tls11': 'flag',
  '-no-tls12': 'flag',
  '-no-tls13': 'flag',
  '-cipher': 'text',
  '-server-preference': 'flag',
  '-fallback-scsv': 'flag',
  '-enable-grease': 'flag',
  '-enable-ocsp-stapling': 'flag',
  '-enable-signed-cert-timestamps': 'flag',
  '-curves': 'numbers',
  '-verify-prefs': 'numbers',
  '-host-name': 'text',
  '-advertise-alpn': 'text',
  '-select-alpn': 'text',
  '-decline-alpn': 'flag',
  '-reject-alpn': 'flag',
  '-install-cert-compression-algs': 'flag',
  '-install-one-cert-compression-alg': 'number',
  '-fips-202205': 'flag',
  '-wpa-202304': 'flag',
  '-cnsa-202407': 'flag',
  '-cnsa1-202603': 'flag',
  '-cnsa2-202603': 'flag',
  '-use-client-ca-list': 'text',

  // Authentication of the peer.
  '-trust-cert': 'text',
  '-verify-peer': 'flag',
  '-verify-fail': 'flag',
  '-require-any-client-certificate': 'flag',
  '-use-custom-verify-callback': 'flag',
  '-use-early-callback': 'flag',
  '-use-old-client-cert-callback': 'flag',
  '-install-ddos-callback': 'flag',
  '-use-ocsp-callback': 'flag',
  '-set-ocsp-in-callback': 'flag',
  '-decline-ocsp-callback': 'flag',
  '-fail-ocsp-callback': 'flag',

  // What must have come of it.
  '-expect-version': 'number',
  '-expect-cipher': 'number',
  '-expect-cipher-aes': 'number',
  '-expect-cipher-no-aes': 'number',
  '-expect-curve-id': 'number',
  '-expect-hrr': 'flag',
  '-expect-no-hrr': 'flag',
  '-expect-peer-signature-algorithm': 'number',
  '-expect-alpn': 'text',
  '-expect-advertised-alpn': 'text',
  '-expect-server-name': 'text',
  '-expect-no-server-name': 'flag',
  '-expect-extended-master-secret': 'flag',
  '-expect-secure-renegotiation': 'flag',
  '-expect-no-secure-renegotiation': 'flag',
  '-expect-peer-cert-file': 'text',
  '-expect-no-peer-cert': 'flag',
  '-expect-verify-result': 'flag',
  '-expect-selected-credential': 'number',
  '-expect-session-miss': 'flag',
  '-expect-no-session': 'flag',
  '-expect-accept-early-data': 'flag',
  '-expect-reject-early-data': 'flag',
  '-expect-no-offer-early-data': 'flag',
  '-expect-ocsp-response': 'base64',
  '-expect-signed-cert-timestamps': 'base64',
  '-expect-total-renegotiations': 'number',
  '-handshake-never-done': 'flag',

  // What the runner asks of BoringSSL's interface alone: there is nothing here to look at.
  '-expect-session-id': 'flag',
  '-expect-no-session-id': 'flag',
  '-expect-ticket-supports-early-data': 'flag',
  '-expect-early-data-reason': 'text',
  '-use-ticket-callback': 'flag',
  '-use-ticket-aead-callback': 'flag',
  '-expect-ticket-renewal': 'flag',
  '-expect-ticket-age-skew': 'number',

  // What this stack always does, or may do and never does.
  '-false-start': 'flag',
  '-no-legacy-server-connect': 'flag',
  '-forbid-renegotiation-after-handshake': 'flag',

  // Handshake hints come from a handshaker, which there is none of; its own options are passed over.
  '-allow-hint-mismatch': 'flag',
} as const satisfies Readonly<Record<string, OptionKind>>;

/** What follows an option: nothing, or one value. A `numbers` option may stand several times. */
export type OptionKind = 'flag' | 'number' | 'numbers' | 'text' | 'base64';

export type OptionName = keyof typeof options;

export function isOption(name: string): name is OptionName {
  return name in options;
}

/** An option may be for one kind of connection only. */
export const scopes = ['initial', 'resume', 'retry'] as const;
export type Scope = (typeof scopes)[number];
