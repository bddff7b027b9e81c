import type { Certificate } from './certificate.ts';
import { formatIpAddress } from './ip-address.ts';

/** The DNS names of a certificate's subjectAltName, as they stand in it. */
export function dnsNamesOf({ subjectAltName = [] }: Certificate): readonly string[] {
  return subjectAltName.flatMap((name) => (name.kind === 'dns' ? [name.value] : []));
}

/** The DNS names and IP addresses of a certificate's subjectAltName. */
export function hostNamesOf({ subjectAltName = [] }: Certificate): readonly string[] {
  return subjectAltName.flatMap((name) => {
    if (name.kind === 'dns') return [name.value];
    return name.kind === 'ip' ? [formatIpAddress(name.value)] : [];
  });
}
