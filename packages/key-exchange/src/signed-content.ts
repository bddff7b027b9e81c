import { concat, type DelegatedCredential, encodeSignedCredential } from '@handfast/wire';

const utf8 = new TextEncoder();
const spaces = ' '.repeat(64);
const certificateVerifyPrefix = {
  client: utf8.encode(`${spaces}TLS 1.3, client CertificateVerify\0`),
  server: utf8.encode(`${spaces}TLS 1.3, server CertificateVerify\0`),
} as const;
const delegatedCredentialPrefix = {
  client: utf8.encode(`${spaces}TLS, client delegated credentials\0`),
  server: utf8.encode(`${spaces}TLS, server delegated credentials\0`),
} as const;

/**
 * What CertificateVerify of TLS 1.3 signs (RFC 8446 section 4.4.3).
 * @param transcriptHash of the messages up to the sender's Certificate.
 */
export function certificateVerifyContent13(sender: 'client' | 'server', transcriptHash: Uint8Array): Uint8Array {
  return concat(certificateVerifyPrefix[sender], transcriptHash);
}

/**
 * What the key of a certificate signs to delegate to another (RFC 9345 section 4).
 * @param certificate DER, of the one who delegates.
 */
export function delegatedCredentialContent(
  sender: 'client' | 'server',
  certificate: Uint8Array,
  delegated: Pick<DelegatedCredential, 'credential' | 'algorithm'>,
): Uint8Array {
  return concat(delegatedCredentialPrefix[sender], certificate, encodeSignedCredential(delegated));
}

/**
 * What ServerKeyExchange of TLS 1.2 signs (RFC 8422 section 5.4, RFC 5246 section 7.4.3).
 * @param params ServerECDHParams or ServerDHParams as sent.
 */
export function serverKeyExchangeContent(
  clientRandom: Uint8Array,
  serverRandom: Uint8Array,
  params: Uint8Array,
): Uint8Array {
  return concat(clientRandom, serverRandom, params);
}
