import { sameBytes } from './bytes.ts';
import type { Certificate } from './certificate.ts';
import { normalizedDnsName } from './dns-name.ts';
import { parseIpAddress } from './ip-address.ts';
import { toAsciiName } from './punycode.ts';

/**
 * Whether a certificate is for a server's name (RFC 9525). Only subjectAltName counts, never the common name; an IP
 * address is only proved by an iPAddress, a DNS name only by a dNSName.
 *
 * @param host a DNS name, as A-labels or U-labels, with or without a dot at its end, or an IP address
 */
export function isForHost({ subjectAltName = [] }: Certificate, host: string): boolean {
  const address = parseIpAddress(host);
  if (address !== undefined) {
    return subjectAltName.some((name) => name.kind === 'ip' && sameBytes(name.value, address));
  }
  const ascii = toAsciiName(host);
  const reference = normalizedDnsName(ascii.endsWith('.') ? ascii.slice(0, -1) : ascii);
  if (reference === undefined || reference.startsWith('*')) return false;
  return subjectAltName.some((name) => name.kind === 'dns' && covers(name.value, reference));
}

/** RFC 9525 section 6.3: a wildcard is the whole left-most label, and stands for exactly one label. */
function covers(presented: string, reference: string): boolean {
  const name = normalizedDnsName(presented);
  if (name === undefined) return false;
  if (!name.startsWith('*.')) return name === reference;
  const parent = name.slice(2);
  // `*.com` would cover every domain there is.
  return parent.includes('.') && reference.slice(reference.indexOf('.') + 1) === parent && reference.includes('.');
}
