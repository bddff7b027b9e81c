import type { RevocationPolicy, Verdict } from '@handfast/certificates';
import type { VerifyFlags } from '../commands/verify.ts';
import { describeChain } from '../trace/chain.ts';
import { certificateOf } from '../trace/json-report.ts';

/** A verdict, and what was asked. */
export interface Judgement extends Pick<VerifyFlags, 'purpose' | 'profile'> {
  readonly verdict: Verdict;
  /** DER, end entity first, as it stands in the file. */
  readonly chain: readonly Uint8Array[];
  readonly anchors: readonly Uint8Array[];
  readonly name: string | undefined;
  readonly revocation: RevocationPolicy;
  /** Milliseconds since the Unix epoch. */
  readonly time: number;
}

/** What `handfast verify --json` prints, documented in the README. */
export function jsonReport({ verdict, anchors, name, purpose, profile, revocation, time }: Judgement): object {
  const path = verdict.path ?? [];
  const entries = describeChain(path, time).map((entry, index) => ({
    ...certificateOf(entry),
    trust_anchor: isAmong(path[index], anchors),
  }));
  return {
    valid: verdict.trusted,
    asked: { name: name ?? null, purpose, profile, revocation, time: new Date(time).toISOString() },
    failure: verdict.trusted ? null : failureOf(verdict),
    path: entries,
    identity: verdict.trusted ? identityOf(verdict.identity) : null,
  };
}

export function isAmong(certificate: Uint8Array | undefined, anchors: readonly Uint8Array[]): boolean {
  return certificate !== undefined && anchors.some((anchor) => Buffer.compare(anchor, certificate) === 0);
}

function failureOf({ reason, rule, detail, certificate }: Extract<Verdict, { trusted: false }>): object {
  return { reason, rule, detail, certificate: certificate ?? null };
}

function identityOf({
  subject,
  issuer,
  fingerprint,
  ...identity
}: Extract<Verdict, { trusted: true }>['identity']): object {
  return {
    subject,
    issuer,
    serial_number: identity.serialNumber,
    dns_names: identity.dnsNames,
    ip_addresses: identity.ipAddresses ?? [],
    emails: identity.emails ?? [],
    uris: identity.uris ?? [],
    spiffe_id: identity.spiffeId ?? null,
    fingerprint,
  };
}
