import type { Timeline } from '@handfast/handshake';
import type { AlertName, Reason } from '@handfast/wire';

/** What to make of a failure, in a sentence or two; undefined where there is nothing to add to the failure itself. */
export function adviceFor({ failure, negotiated }: Timeline): string | undefined {
  if (failure === undefined) return undefined;
  const { by, alert, reason, late } = failure;
  const judged = negotiated.clientCertificate;
  if (by === 'us') return (onReason as Advice)[reason];
  if (alert === undefined)
    return late === undefined || judged === 'not-requested' ? (onReason as Advice)[reason] : leftInSilence;
  // TLS 1.2 has no alert of its own for a certificate that is missing.
  return judged === 'absent' && alert === 'handshake_failure'
    ? onAlert.certificate_required
    : (onAlert as Advice)[alert];
}

type Advice = Readonly<Record<string, string | undefined>>;

const leftInSilence =
  'A server that refuses a client certificate in TLS 1.3 without an alert leaves like this: see its log.';

/** What a server means by an alert. */
const onAlert: Readonly<Partial<Record<AlertName, string>>> = {
  handshake_failure:
    'The server found no cipher suite, group or signature algorithm in what we offered that it could use with its certificate, or it wants a client certificate (--cert, --key).',
  protocol_version: 'The server speaks none of the TLS versions that we offered (--min-version, --max-version).',
  insufficient_security: 'The server wants stronger cipher suites or groups than we offered (--ciphers, --groups).',
  unrecognized_name: 'The server has no host of the name that we asked for (--servername).',
  no_application_protocol: 'The server speaks none of the protocols that we offered (--alpn).',
  certificate_required: 'The server wants a client certificate (--cert, --key).',
  bad_certificate: 'The server did not accept our certificate.',
  unsupported_certificate: 'The server cannot use a certificate of the kind or purpose of ours.',
  certificate_revoked: 'The server found our certificate revoked.',
  certificate_expired: 'The server found our certificate expired or not yet valid; or one of the two clocks is wrong.',
  certificate_unknown: 'The server did not accept our certificate.',
  unknown_ca:
    'The server does not trust the CA that issued our certificate, or an intermediate certificate is missing from --cert.',
  access_denied: 'The server knows who we are, and lets us not in.',
  decrypt_error: 'A signature or Finished of ours did not verify at the server.',
  internal_error: 'The server has a problem of its own: its log may tell which.',
};

/** What we found wrong with a server, and what can be done about it. */
const onReason: Readonly<Partial<Record<Reason, string>>> = {
  'certificate-issuer-unknown':
    'Trust its CA with --ca FILE, or look at the server without trusting it with --insecure.',
  'certificate-self-signed': 'Trust it with --ca FILE, or look at the server without trusting it with --insecure.',
  'certificate-name-mismatch': 'Ask for a name that the certificate has, with --servername.',
  'plaintext-protocol': 'This port does not speak TLS from its first byte on: is it the right one?',
  'peer-closed':
    'Servers do this that expect another protocol, that have no certificate, or that dislike our ClientHello without saying so.',
  'connection-lost':
    'Servers, and middleboxes before them, do this that dislike what was sent last, without saying so.',
  'handshake-timeout':
    'Is this a TLS port? A server that waits for its client to speak another protocol looks like this.',
};
