import { bytes, type TestGroup, text } from './vectors.ts';
import { type Check, equalTo, type PrepareCheck, refusedBy, skip, type Verdict } from './verdict.ts';

const noMessage = new Uint8Array();

export const checkMlKemKeyGeneration: PrepareCheck = (_file, group, { mlKem }) =>
  with768(group, (test) =>
    equalTo(bytes(test, 'ek'), mlKem.withMessage(noMessage).fromSeed(bytes(test, 'seed')).encapsulationKey),
  );

export const checkMlKemDecapsulation: PrepareCheck = (_file, group, { mlKem }) =>
  with768(group, (test) =>
    refusedByAnyError(() => {
      const key = mlKem.withMessage(noMessage).fromSeed(bytes(test, 'seed'));
      const secret = key.decapsulate(bytes(test, 'c'));
      if (equalTo(bytes(test, 'ek'), key.encapsulationKey) === 'wrong') return 'wrong';
      return equalTo(bytes(test, 'K'), secret);
    }),
  );

/** Where the implementation draws m itself, nothing but whether it takes the key can be compared. */
export const checkMlKemEncapsulation: PrepareCheck = (_file, group, { mlKem }) =>
  with768(group, (test) =>
    refusedBy('invalid-key-share', () => {
      const { ciphertext, sharedSecret } = mlKem.withMessage(bytes(test, 'm')).encapsulate(bytes(test, 'ek'));
      if (!mlKem.isDeterministic || test.result === 'invalid') return 'accepted';
      if (equalTo(bytes(test, 'c'), ciphertext) === 'wrong') return 'wrong';
      return equalTo(bytes(test, 'K'), sharedSecret);
    }),
  );

export const checkMlKemExpandedKey: PrepareCheck = (_file, group, { mlKem }) =>
  with768(group, (test) =>
    refusedByAnyError(() => equalTo(bytes(test, 'K'), mlKem.decapsulateExpanded(bytes(test, 'dk'), bytes(test, 'c')))),
  );

function with768(group: TestGroup, check: Extract<Check, (...args: never) => unknown>): Check {
  const parameterSet = text(group, 'parameterSet');
  return parameterSet === 'ML-KEM-768' ? check : skip(`${parameterSet} is not implemented`);
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
