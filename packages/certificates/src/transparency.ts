import type { CryptoProvider, PublicKey } from '@handfast/crypto';
import { TlsError, toHex } from '@handfast/wire';
import type { Certificate } from './certificate.ts';
import { quoted } from './name.ts';
import { parseOcspResponse } from './ocsp.ts';
import { Oid } from './oids.ts';
import type { Breach } from './path-rules.ts';
import { isSctSignedBy, parseSct, type SignedEntry, sctsIn } from './sct.ts';

/** A Certificate Transparency log (RFC 6962) that is believed. */
export interface CtLog {
  /** SubjectPublicKeyInfo, DER. */
  readonly key: Uint8Array;
  /** Who runs it: one operator could be made to lie. */
  readonly operator: string;
  /** When it was retired, in milliseconds since the Unix epoch: later timestamps do not count. */
  readonly retiredAt?: number | undefined;
}

export interface TransparencySettings {
  readonly logs: readonly CtLog[];
  /** How many logs must have the certificate; by default 2, and 3 for one of a lifetime above 180 days, as in Chrome. */
  readonly minimumLogs?: number | undefined;
  /** How many operators they must have; by default 2. */
  readonly minimumOperators?: number | undefined;
}

/** What came beside the path. */
export interface TransparencyEvidence {
  /** Serialized SCTs of the TLS extension. */
  readonly delivered: readonly Uint8Array[];
  /** OCSPResponse, DER. */
  readonly staple: Uint8Array | undefined;
  readonly time: number;
}

/** More timestamps than this nobody needs; the first ones are looked at. */
const mostTimestamps = 16;
const halfYear = 180 * 86_400_000;
/** Clocks differ. */
const tolerance = 5 * 60_000;

interface KnownLog extends CtLog {
  readonly publicKey: PublicKey;
}

interface Candidate {
  readonly bytes: Uint8Array;
  readonly entry: SignedEntry;
}

/** Judges whether the world has been told of a certificate, by the timestamps of logs. */
export class TransparencyCheck {
  readonly #crypto: CryptoProvider;
  readonly #settings: TransparencySettings;
  readonly #logs: ReadonlyMap<string, KnownLog>;
  /** Timestamps that were found right, in hex, for a certificate as issued by another. */
  readonly #verified = new WeakMap<Certificate, WeakMap<Certificate, Set<string>>>();

  /** @throws TlsError `configuration-invalid` for a log whose key cannot be used */
  constructor(crypto: CryptoProvider, settings: TransparencySettings) {
    this.#crypto = crypto;
    this.#settings = settings;
    this.#logs = new Map(settings.logs.map((log) => [toHex(crypto.hash('sha256', log.key)), knownLog(crypto, log)]));
  }

  /** @param path end entity first */
  breachOf([certificate, issuer]: readonly Certificate[], evidence: TransparencyEvidence): Breach | undefined {
    // An end entity that is an anchor is trusted as it is.
    if (certificate === undefined || issuer === undefined) return undefined;
    const logs = new Set<KnownLog>();
    for (const candidate of candidatesOf(certificate, evidence)) {
      const log = this.#logOf(candidate, certificate, issuer, evidence.time);
      if (log !== undefined) logs.add(log);
    }
    const isLongLived = certificate.notAfter - certificate.notBefore > halfYear;
    const { minimumLogs = isLongLived ? 3 : 2, minimumOperators = 2 } = this.#settings;
    const operators = new Set([...logs].map(({ operator }) => operator)).size;
    if (logs.size >= minimumLogs && operators >= minimumOperators) return undefined;
    const detail =
      `${quoted(certificate.subject)} has timestamps of ${logs.size} known logs by ${operators} operators, and needs ` +
      `${minimumLogs} by ${minimumOperators}; have it issued by a CA that logs its certificates`;
    return { reason: 'certificate-transparency', detail, rule: 'RFC 6962 section 5.2' };
  }

  /** The log that has rightly signed a timestamp, if it is one that is believed. */
  #logOf(
    { bytes, entry }: Candidate,
    certificate: Certificate,
    issuer: Certificate,
    time: number,
  ): KnownLog | undefined {
    const sct = parseSct(bytes);
    const log = sct && this.#logs.get(toHex(sct.logId));
    if (sct === undefined || log === undefined) return undefined;
    if (!(sct.timestamp <= time + tolerance) || sct.timestamp >= (log.retiredAt ?? Infinity)) return undefined;
    const verified = this.#verifiedOf(certificate, issuer);
    const key = `${entry} ${toHex(bytes)}`;
    if (verified.has(key)) return log;
    if (!isSctSignedBy(log.publicKey, sct, entry, certificate, issuer, this.#crypto)) return undefined;
    if (verified.size < mostTimestamps * 2) verified.add(key);
    return log;
  }

  #verifiedOf(certificate: Certificate, issuer: Certificate): Set<string> {
    const byIssuer = this.#verified.get(certificate) ?? new WeakMap<Certificate, Set<string>>();
    this.#verified.set(certificate, byIssuer);
    const verified = byIssuer.get(issuer) ?? new Set<string>();
    byIssuer.set(issuer, verified);
    return verified;
  }
}

/** RFC 6962 section 3.3: in the certificate, in the handshake, in the OCSP response. */
function candidatesOf({ extensions }: Certificate, { delivered, staple }: TransparencyEvidence): readonly Candidate[] {
  const embedded = sctsIn(extensions, Oid.signedCertificateTimestamps);
  return [
    ...embedded.map((bytes): Candidate => ({ bytes, entry: 'precertificate' })),
    ...[...delivered, ...stapledScts(staple)].map((bytes): Candidate => ({ bytes, entry: 'certificate' })),
  ].slice(0, mostTimestamps);
}

/** Whether the response is in order is judged where it is used; the logs have signed what is in here. */
function stapledScts(staple: Uint8Array | undefined): readonly Uint8Array[] {
  if (staple === undefined) return [];
  try {
    const response = parseOcspResponse(staple);
    if (response.status !== 'successful') return [];
    return response.basic.responses.flatMap(({ extensions }) =>
      sctsIn(extensions, Oid.ocspSignedCertificateTimestamps),
    );
  } catch (error) {
    if (error instanceof TlsError) return [];
    throw error;
  }
}

function knownLog(crypto: CryptoProvider, log: CtLog): KnownLog {
  try {
    return { ...log, publicKey: crypto.importPublicKey(log.key) };
  } catch (cause) {
    const why = cause instanceof TlsError ? cause.detail : 'cannot be read';
    throw new TlsError('configuration-invalid', `the key of a log of ${log.operator}: ${why}`, { cause });
  }
}
