import type { Certificate } from './certificate.ts';
import type { RevocationStatus } from './crl-status.ts';
import type { CrlStore } from './crl-store.ts';
import { quoted } from './name.ts';
import type { Breach } from './path-rules.ts';

/**
 * `require` refuses a path on which the status of any certificate is unknown, `prefer` only one of which a certificate is
 * known to be revoked, `off` does not look.
 */
export type RevocationPolicy = 'require' | 'prefer' | 'off';

export interface RevocationSettings {
  readonly policy: RevocationPolicy;
  readonly crls: CrlStore;
}

export const unknownStatus = 'certificate-revocation-unknown';

/** What a certificate's status means for a path with it. */
export function revocationBreach({ subject }: Certificate, status: RevocationStatus): Breach | undefined {
  const rule = 'RFC 5280 section 6.1.3 (a)(3)';
  switch (status.status) {
    case 'good':
      return undefined;
    case 'revoked': {
      const { time, reason } = status.revocation;
      const detail = `${quoted(subject)} was revoked at ${new Date(time).toISOString()} (${reason}); have a new one issued`;
      return { reason: 'certificate-revoked', detail, rule };
    }
    case 'unknown':
      return { reason: unknownStatus, detail: `whether ${quoted(subject)} is revoked is unknown: ${status.why}`, rule };
  }
}
