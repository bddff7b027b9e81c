import { type MlKemName, mlKemLength } from '../src/ml-kem.ts';
import { bytes, type TestCase, type TestGroup, text } from './vectors.ts';
import { type Check, equalTo, type PrepareCheck, refusedBy, skip, type Verdict } from './verdict.ts';

const noMessage = new Uint8Array();

export const checkMlKemKeyGeneration: PrepareCheck = (_file, group, { mlKem }) =>
  withName(group, (name, test) =>
    equalTo(bytes(test, 'ek'), mlKem.withMessage(name, noMessage).fromSeed(bytes(test, 'seed')).encapsulationKey),
  );

export const checkMlKemDecapsulation: PrepareCheck = (_file, group, { mlKem }) =>
  withName(group, (name, test) =>
    refusedByAnyError(() => {
      const key = mlKem.withMessage(name, noMessage).fromSeed(bytes(test, 'seed'));
      const secret = key.decapsulate(bytes(test, 'c'));
      if (equalTo(bytes(test, 'ek'), key.encapsulationKey) === 'wrong') return 'wrong';
      return equalTo(bytes(test, 'K'), secret);
    }),
  );

/** Where the implementation draws m itself, nothing but whether it takes the key can be compared. */
export const checkMlKemEncapsulation: PrepareCheck = (_file, group, { mlKem }) =>
  withName(group, (name, test) =>
    refusedBy('invalid-key-share', () => {
      const { ciphertext, sharedSecret } = mlKem.withMessage(name, bytes(test, 'm')).encapsulate(bytes(test, 'ek'));
      if (!mlKem.isDeterministic || test.result === 'invalid') return 'accepted';
      if (equalTo(bytes(test, 'c'), ciphertext) === 'wrong') return 'wrong';
      return equalTo(bytes(test, 'K'), sharedSecret);
    }),
  );

export const checkMlKemExpandedKey: PrepareCheck = (_file, group, { mlKem }) =>
  withName(group, (name, test) =>
    refusedByAnyError(() =>
      equalTo(bytes(test, 'K'), mlKem.decapsulateExpanded(name, bytes(test, 'dk'), bytes(test, 'c'))),
    ),
  );

function withName(group: TestGroup, check: (name: MlKemName, test: TestCase) => Verdict): Check {
  const parameterSet = text(group, 'parameterSet');
  const name = (Object.keys(mlKemLength) as MlKemName[]).find((known) => known === parameterSet);
  return name === undefined ? skip(`${parameterSet} is not implemented`) : (test) => check(name, test);
}

/**
 * Lengths of seeds and ciphertexts are checked before ML-KEM by the group that uses it, so that what the library
 * throws for them is not part of what it promises.
 */
function refusedByAnyError(run: () => Verdict): Verdict {
  try {
    return run();
  } catch {
    return 'refused';
  }
}
