import { checkAead } from './aead.ts';
import { checkCbc } from './cbc.ts';
import { checkHkdf, checkMac } from './hmac-and-hkdf.ts';
import { checkEcPoint, checkXdh } from './key-agreement.ts';
import {
  checkMlKemDecapsulation,
  checkMlKemEncapsulation,
  checkMlKemExpandedKey,
  checkMlKemKeyGeneration,
} from './ml-kem.ts';
import { checkEcdsa, checkEcdsaP1363, checkEddsa, checkPkcs1, checkPkcs1Signing, checkPss } from './signatures.ts';
import type { Subject } from './subjects.ts';
import type { TestCase, VectorFile } from './vectors.ts';
import { type Check, type PrepareCheck, skip, type Verdict } from './verdict.ts';

/** What each kind of test group asks. A kind that is not here is not covered, and is listed so. */
const checks: Readonly<Record<string, PrepareCheck>> = {
  AeadTest: checkAead,
  IndCpaTest: checkCbc,
  XdhComp: checkXdh,
  EcdhEcpointTest: checkEcPoint,
  EcdsaVerify: checkEcdsa,
  EcdsaP1363Verify: checkEcdsaP1363,
  EddsaVerify: checkEddsa,
  RsassaPkcs1Verify: checkPkcs1,
  RsassaPkcs1Generate: checkPkcs1Signing,
  RsassaPssVerify: checkPss,
  RsassaPssWithParametersVerify: checkPss,
  MacTest: checkMac,
  HkdfTest: checkHkdf,
  MLKEMKeyGen: checkMlKemKeyGeneration,
  MLKEMTest: checkMlKemDecapsulation,
  MLKEMEncapsTest: checkMlKemEncapsulation,
  MLKEMDecapsValidationTest: checkMlKemExpandedKey,
};

export interface Result {
  readonly file: string;
  readonly provider: string;
  readonly cases: { readonly valid: number; readonly invalid: number; readonly acceptable: number };
  readonly passed: number;
  /** Of the acceptable cases that were run. */
  readonly acceptable: { readonly accepted: number; readonly refused: number };
  readonly failures: readonly string[];
  /** Number of cases by reason. */
  readonly skipped: ReadonlyMap<string, number>;
}

/** Runs every case of a file on one implementation. */
export function runFile(file: VectorFile, subject: Subject): Result {
  const cases = { valid: 0, invalid: 0, acceptable: 0 };
  const acceptable = { accepted: 0, refused: 0 };
  const skipped = new Map<string, number>();
  const failures: string[] = [];
  let passed = 0;
  for (const group of file.testGroups) {
    const prepare = checks[group.type] ?? (() => skip(`not covered: ${file.algorithm} (${group.type})`));
    let check: Check | undefined;
    for (const test of group.tests) {
      cases[test.result] += 1;
      try {
        check ??= prepare(file, group, subject);
        const verdict = typeof check === 'function' ? check(test) : check;
        if (typeof verdict === 'object') {
          skipped.set(verdict.skipped, (skipped.get(verdict.skipped) ?? 0) + 1);
        } else if (isExpected(test, verdict)) {
          passed += 1;
          if (test.result === 'acceptable' && verdict !== 'wrong') acceptable[verdict] += 1;
        } else {
          failures.push(describe(test, verdict));
        }
      } catch (error) {
        failures.push(describe(test, String(error)));
      }
    }
  }
  return { file: file.name, provider: subject.crypto.name, cases, passed, acceptable, failures, skipped };
}

/** What is acceptable may go either way, but an output must still be the right one. */
function isExpected(test: TestCase, verdict: Verdict): boolean {
  switch (test.result) {
    case 'valid':
      return verdict === 'accepted';
    case 'invalid':
      return verdict === 'refused';
    case 'acceptable':
      return verdict !== 'wrong';
  }
}

function describe(test: TestCase, outcome: string): string {
  return `tcId ${test.tcId} (${test.comment ?? ''}): ${test.result}, but ${outcome}`;
}
