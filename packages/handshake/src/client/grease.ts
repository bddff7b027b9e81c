import type { CryptoProvider } from '@handfast/crypto';

/**
 * Reserved values that a client mixes into one ClientHello, and into the second one after a HelloRetryRequest, so that
 * servers go on to ignore what they do not know (RFC 8701 section 3).
 */
export interface Grease {
  readonly cipherSuite: number;
  readonly group: number;
  readonly version: number;
  readonly signatureScheme: number;
  readonly pskKeyExchangeMode: number;
  /** Types of the first and the last extension; they differ. */
  readonly extensions: readonly [number, number];
}

export function greaseFrom(crypto: CryptoProvider): Grease {
  const [suite = 0, group = 0, version = 0, scheme = 0, mode = 0, extension = 0] = crypto.randomBytes(6);
  return {
    cipherSuite: reserved(suite),
    group: reserved(group),
    version: reserved(version),
    signatureScheme: reserved(scheme),
    pskKeyExchangeMode: 0x0b + 0x1f * (mode & 7),
    extensions: [reserved(extension), reserved(extension ^ 0x10)],
  };
}

/** 0x0A0A, 0x1A1A, … 0xFAFA (RFC 8701 section 2): the upper half of `random` chooses. */
function reserved(random: number): number {
  return ((random & 0xf0) | 0x0a) * 0x0101;
}
