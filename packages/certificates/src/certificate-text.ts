import type { CryptoProvider } from '@handfast/crypto';
import { toHex } from '@handfast/wire';
import type { Certificate } from './certificate.ts';
import { formatIpAddress } from './ip-address.ts';

/** The DNS names and IP addresses of a certificate's subjectAltName. */
export function hostNamesOf({ subjectAltName = [] }: Certificate): readonly string[] {
  return subjectAltName.flatMap((name) => {
    if (name.kind === 'dns') return [name.value];
    return name.kind === 'ip' ? [formatIpAddress(name.value)] : [];
  });
}

/** The serial number in upper-case hex, without the octet that only says that it is positive. */
export function serialNumberTextOf({ serialNumber }: Certificate): string {
  const isPadded = serialNumber.length > 1 && serialNumber[0] === 0;
  return toHex(isPadded ? serialNumber.subarray(1) : serialNumber).toUpperCase();
}

/** SHA-256 of the DER, as lower-case hex. */
export function fingerprintOf(crypto: CryptoProvider, { der }: Certificate): string {
  return toHex(crypto.hash('sha256', der));
}
