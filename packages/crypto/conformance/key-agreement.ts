import { NamedGroup } from '@handfast/wire';
import { secp256r1, secp384r1, secp521r1 } from '../src/nist-curves.ts';
import type { Subject } from './subjects.ts';
import { bytes, type TestCase, text } from './vectors.ts';
import { equalTo, type PrepareCheck, refusedBy, skip, type Verdict } from './verdict.ts';

export const checkXdh: PrepareCheck = (_file, group, subject) => {
  const curve = text(group, 'curve');
  if (curve !== 'curve25519') return skip(`group ${curve} is not implemented`);
  return (test) => agree(subject, NamedGroup.x25519, bytes(test, 'private'), test);
};

export const checkEcPoint: PrepareCheck = (_file, group, subject) => {
  const name = text(group, 'curve');
  const curve = [secp256r1, secp384r1, secp521r1].find((known) => known.name === nistName[name]);
  if (curve === undefined) return skip(`group ${name} is not implemented`);
  return (test) => agree(subject, curve.group, scalar(text(test, 'private'), curve.scalarLength), test);
};

const nistName: Readonly<Record<string, string>> = { secp256r1: 'P-256', secp384r1: 'P-384', secp521r1: 'P-521' };

function agree({ crypto }: Subject, group: number, privateKey: Uint8Array, test: TestCase): Verdict {
  const key = crypto.importEphemeral(group, privateKey);
  return refusedBy('invalid-key-share', () => equalTo(bytes(test, 'shared'), key.agree(bytes(test, 'public'))));
}

/** A scalar is written as an integer: with a sign byte, or without leading zeros. */
function scalar(hex: string, length: number): Uint8Array {
  return Uint8Array.from(Buffer.from(hex.padStart(length * 2, '0').slice(-length * 2), 'hex'));
}
