import { type CertificateSummary, parseCertificate, summarize } from '@handfast/certificates';
import { nativeCrypto } from '@handfast/crypto/native';
import { TlsError } from '@handfast/wire';

/** A certificate of the server's chain, for people; or why it cannot be read. */
export type ChainEntry = (CertificateSummary & { readonly daysLeft: number }) | { readonly unreadable: string };

const day = 24 * 60 * 60 * 1000;

/**
 * @param chain DER, end entity first
 * @param now milliseconds since the Unix epoch
 */
export function describeChain(chain: readonly Uint8Array[], now: number): readonly ChainEntry[] {
  return chain.map((der) => {
    try {
      const summary = summarize(nativeCrypto, parseCertificate(der));
      return { ...summary, daysLeft: Math.floor((summary.notAfter - now) / day) };
    } catch (error) {
      if (error instanceof TlsError) return { unreadable: error.detail };
      throw error;
    }
  });
}

/** How long a certificate is valid for, in words. */
export function validityText({ notBefore, notAfter }: CertificateSummary, now: number): string {
  if (now < notBefore) return `not valid before ${dateText(notBefore)}`;
  const days = Math.floor(Math.abs(notAfter - now) / day);
  return now > notAfter ? `expired ${count(days)} ago, on ${dateText(notAfter)}` : `${count(days)} left`;
}

function count(days: number): string {
  return days === 1 ? '1 day' : `${days} days`;
}

function dateText(time: number): string {
  return new Date(time).toISOString().slice(0, 10);
}
