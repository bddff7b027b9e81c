import { existsSync, readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { nativeCrypto } from '@handfast/crypto/native';
import { TlsError } from '@handfast/wire';
import {
  CrlStore,
  decodePem,
  type Identity,
  LocalCertificateValidator,
  PublicSuffixes,
  type Verdict,
} from '../src/index.ts';
import type { Result } from './results.ts';

/** A case of x509-limbo, as far as it is used here. BetterTLS is told in the same format. */
export interface LimboCase {
  readonly id: string;
  readonly features?: readonly string[] | null;
  readonly validation_kind: 'SERVER' | 'CLIENT';
  /** Certificates and CRLs are PEM. */
  readonly trusted_certs: readonly string[];
  readonly untrusted_intermediates?: readonly string[] | null;
  readonly peer_certificate: string;
  readonly crls?: readonly string[] | null;
  /** By default now. */
  readonly validation_time?: string | null;
  readonly expected_result: 'SUCCESS' | 'FAILURE';
  readonly expected_peer_name?: PeerName | null;
  /** Of a client, each of which its certificate must have. */
  readonly expected_peer_names?: readonly PeerName[] | null;
  readonly max_chain_depth?: number | null;
}

interface PeerName {
  readonly kind: 'RFC822' | 'DNS' | 'IP';
  readonly value: string;
}

/** Where Debian's package `publicsuffix`, and those of other distributions, put the Public Suffix List. */
const suffixFile = '/usr/share/publicsuffix/public_suffix_list.dat';
const publicSuffixes = existsSync(suffixFile) ? new PublicSuffixes(readFileSync(suffixFile, 'utf8')) : undefined;

/** @param file plain, or compressed with gzip */
export function readLimbo(file: string): readonly LimboCase[] {
  const content = readFileSync(file);
  const isCompressed = content[0] === 0x1f && content[1] === 0x8b;
  return JSON.parse((isCompressed ? gunzipSync(content) : content).toString('utf8')).testcases;
}

export function runLimbo(test: LimboCase): Result {
  try {
    const verdict = validate(test);
    const refusal = verdict.trusted
      ? missingName(test, verdict.identity)
      : `${verdict.reason}: ${verdict.detail} (${verdict.rule})`;
    return { id: test.id, actual_result: refusal === undefined ? 'SUCCESS' : 'FAILURE', context: refusal ?? null };
  } catch (error) {
    // An anchor or a CRL that cannot be read.
    if (!(error instanceof TlsError)) throw error;
    return { id: test.id, actual_result: 'FAILURE', context: error.message };
  }
}

function validate(test: LimboCase): Verdict {
  const crls = new CrlStore();
  const texts = test.crls ?? [];
  for (const [index, text] of texts.entries()) {
    for (const der of decodePem(text, 'X509 CRL')) crls.put(`crl ${index}`, der);
  }
  const validator = new LocalCertificateValidator({
    crypto: nativeCrypto,
    anchors: test.trusted_certs.flatMap(certificates),
    credentials: [],
    // Where the two profiles contradict each other, a case says which of them it is from.
    profile: test.features?.includes('rfc5280-incompatible-with-webpki') ? 'rfc5280' : 'webpki',
    publicSuffixes,
    maximumIntermediates: test.max_chain_depth ?? undefined,
    // Where a case brings CRLs, they are what it is about.
    revocation: texts.length > 0 ? 'require' : 'off',
    crls,
  });
  return validator.validate({
    chain: [test.peer_certificate, ...(test.untrusted_intermediates ?? [])].flatMap(certificates),
    purpose: test.validation_kind === 'SERVER' ? 'server' : 'client',
    serverName: test.expected_peer_name?.value,
    time: test.validation_time ? Date.parse(test.validation_time) : Date.now(),
    ocspResponse: undefined,
    signedCertificateTimestamps: [],
  });
}

/** A client proves no name by itself; who asks for one looks for it in the identity. */
function missingName(test: LimboCase, { dnsNames, ipAddresses = [], emails = [] }: Identity): string | undefined {
  const names = { DNS: dnsNames, IP: ipAddresses, RFC822: emails };
  const missing = (test.expected_peer_names ?? []).find(({ kind, value }) => !names[kind].includes(value));
  return missing && `the certificate is not for ${missing.value}`;
}

function certificates(pem: string): readonly Uint8Array[] {
  return decodePem(pem, 'CERTIFICATE');
}
