import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { nativeCrypto } from '@handfast/crypto/native';
import { TlsError } from '@handfast/wire';
import { CrlStore, LocalCertificateValidator, type PolicyInputs, type Verdict } from '../src/index.ts';
import type { Result } from './results.ts';

/** pkits.json: the runs of the Public Key Interoperability Test Suite of NIST. */
export interface PkitsFile {
  readonly validation_time: string;
  readonly tests: readonly PkitsRun[];
}

export interface PkitsRun {
  readonly name: string;
  /** File names without extension, from the anchor to the end entity; a CRL issuer's certificate may stand among them. */
  readonly certs: readonly string[];
  readonly crls: readonly string[];
  readonly initial_policy_set: readonly string[];
  readonly initial_explicit_policy: boolean;
  readonly initial_policy_mapping_inhibit: boolean;
  readonly initial_inhibit_any_policy: boolean;
  readonly should_validate: boolean;
}

export function readPkits(folder: string): PkitsFile {
  return JSON.parse(readFileSync(join(folder, 'pkits.json'), 'utf8'));
}

/** Validates the path of one run, with revocation required, as PKITS section 3 asks. */
export function runPkits(folder: string, { validation_time }: PkitsFile, run: PkitsRun): Result {
  const certificates = run.certs.map((name) => readDer(folder, 'certs', `${name}.crt`));
  const validator = new LocalCertificateValidator({
    crypto: nativeCrypto,
    anchors: certificates.slice(0, 1),
    credentials: [],
    policies: policiesOf(run),
    revocation: 'require',
    crls: crlsOf(folder, run),
  });
  const verdict = validator.validate({
    chain: certificates.slice(1).reverse(),
    // PKITS has no TLS servers: nothing but the path is asked about.
    purpose: 'client',
    serverName: undefined,
    time: Date.parse(validation_time),
    ocspResponse: undefined,
    signedCertificateTimestamps: [],
  });
  return { id: run.name, actual_result: verdict.trusted ? 'SUCCESS' : 'FAILURE', context: contextOf(verdict) };
}

function contextOf(verdict: Verdict): string | null {
  return verdict.trusted ? null : `${verdict.reason}: ${verdict.detail} (${verdict.rule})`;
}

/** A CRL that cannot be read is one that is not at hand. */
function crlsOf(folder: string, { crls }: PkitsRun): CrlStore {
  const store = new CrlStore();
  for (const name of crls) {
    try {
      store.put(name, readDer(folder, 'crls', `${name}.crl`));
    } catch (error) {
      if (!(error instanceof TlsError)) throw error;
    }
  }
  return store;
}

function policiesOf(run: PkitsRun): PolicyInputs {
  const isAny = run.initial_policy_set.includes('anyPolicy');
  return {
    acceptable: isAny ? undefined : run.initial_policy_set.map(policyOid),
    explicit: run.initial_explicit_policy,
    inhibitMapping: run.initial_policy_mapping_inhibit,
    inhibitAnyPolicy: run.initial_inhibit_any_policy,
  };
}

/** PKITS section 3: `NIST-test-policy-1` and so on. */
function policyOid(name: string): string {
  const [, number] = /^NIST-test-policy-(\d+)$/.exec(name) ?? [];
  if (number === undefined) throw new RangeError(`${name} is no policy of PKITS`);
  return `2.16.840.1.101.3.2.1.48.${number}`;
}

function readDer(folder: string, kind: 'certs' | 'crls', name: string): Uint8Array {
  return Uint8Array.from(readFileSync(join(folder, kind, name)));
}
