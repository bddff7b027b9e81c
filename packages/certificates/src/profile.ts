import type { Certificate } from './certificate.ts';
import type { Breach, Place } from './path-rules.ts';
import { breachOfRfc5280Profile } from './profile-rfc5280.ts';
import { breachOfWebPkiProfile } from './profile-webpki.ts';

/**
 * What is asked of certificates beyond a valid path (RFC 5280 section 6), the least first: nothing; `rfc5280`, what its
 * section 4 asks of conforming CAs; `webpki`, what the CA/Browser Forum's Baseline Requirements ask of public ones.
 */
export type Profile = 'path' | 'rfc5280' | 'webpki';

/** The first rule of its profile that a certificate breaks in its place. */
export function breachOfProfile(certificate: Certificate, place: Place): Breach | undefined {
  switch (place.profile) {
    case 'path':
      return undefined;
    case 'rfc5280':
      return breachOfRfc5280Profile(certificate, place);
    case 'webpki':
      return breachOfRfc5280Profile(certificate, place) ?? breachOfWebPkiProfile(certificate, place);
  }
}
