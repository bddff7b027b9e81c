import { concat } from '@handfast/wire';

const utf8 = new TextEncoder();
const spaces = ' '.repeat(64);
const certificateVerifyPrefix = {
  client: utf8.encode(`${spaces}TLS 1.3, client CertificateVerify\0`),
  server: utf8.encode(`${spaces}TLS 1.3, server CertificateVerify\0`),
} as const;

/**
 * What CertificateVerify of TLS 1.3 signs (RFC 8446 section 4.4.3).
 * @param transcriptHash of the messages up to the sender's Certificate.
 */
export function certificateVerifyContent13(sender: 'client' | 'server', transcriptHash: Uint8Array): Uint8Array {
  return concat(certificateVerifyPrefix[sender], transcriptHash);
}

/**
 * What ServerKeyExchange of TLS 1.2 signs (RFC 8422 section 5.4).
 * @param params ServerECDHParams as sent.
 */
export function serverKeyExchangeContent(
  clientRandom: Uint8Array,
  serverRandom: Uint8Array,
  params: Uint8Array,
): Uint8Array {
  return concat(clientRandom, serverRandom, params);
}
