import { SignatureScheme } from '@handfast/wire';
import { DerTag, encodeDer } from '../src/der.ts';
import { type HashName, hashLength, type PublicKey } from '../src/index.ts';
import { bytes, type Fields, number, type TestCase, type TestGroup, text } from './vectors.ts';
import { acceptedIf, type Check, equalTo, type PrepareCheck, skip, type Verdict } from './verdict.ts';

const hashes: Readonly<Record<string, HashName>> = { 'SHA-256': 'sha256', 'SHA-384': 'sha384', 'SHA-512': 'sha512' };

const ecdsa = {
  sha256: SignatureScheme.ecdsa_secp256r1_sha256,
  sha384: SignatureScheme.ecdsa_secp384r1_sha384,
  sha512: SignatureScheme.ecdsa_secp521r1_sha512,
} as const;
const pkcs1 = {
  sha256: SignatureScheme.rsa_pkcs1_sha256,
  sha384: SignatureScheme.rsa_pkcs1_sha384,
  sha512: SignatureScheme.rsa_pkcs1_sha512,
} as const;
const pssWithRsaKey = {
  sha256: SignatureScheme.rsa_pss_rsae_sha256,
  sha384: SignatureScheme.rsa_pss_rsae_sha384,
  sha512: SignatureScheme.rsa_pss_rsae_sha512,
} as const;
const pssWithPssKey = {
  sha256: SignatureScheme.rsa_pss_pss_sha256,
  sha384: SignatureScheme.rsa_pss_pss_sha384,
  sha512: SignatureScheme.rsa_pss_pss_sha512,
} as const;

/** Of the curves that sign in TLS, the length of a coordinate. */
const curves: Readonly<Record<string, number>> = { secp256r1: 32, secp384r1: 48, secp521r1: 66 };

export const checkEcdsa: PrepareCheck = (_file, group, { crypto }) =>
  withCurveAndHash(group, (hash) => verifies(crypto.importPublicKey(bytes(group, 'publicKeyDer')), ecdsa[hash]));

/** TLS carries ECDSA signatures as DER. Those of IEEE P1363 are r and s side by side; the same pair is encoded here. */
export const checkEcdsaP1363: PrepareCheck = (_file, group, { crypto }) =>
  withCurveAndHash(group, (hash, coordinateLength) => {
    const key = crypto.importPublicKey(bytes(group, 'publicKeyDer'));
    return (test) => {
      const signature = bytes(test, 'sig');
      if (signature.length !== 2 * coordinateLength) return skip('not r and s of full length: has no form in DER');
      return acceptedIf(key.verify(ecdsa[hash], bytes(test, 'msg'), encodeEcdsaSignature(signature)));
    };
  });

export const checkEddsa: PrepareCheck = (_file, group, { crypto }) => {
  const curve = text(publicKeyOf(group), 'curve');
  if (curve !== 'edwards25519') return skip(`signatures with ${curve} are not implemented`);
  return verifies(crypto.importPublicKey(bytes(group, 'publicKeyDer')), SignatureScheme.ed25519);
};

export const checkPkcs1: PrepareCheck = (_file, group, { crypto }) =>
  withHash(group, (hash) => verifies(crypto.importPublicKey(bytes(group, 'publicKeyDer')), pkcs1[hash]));

export const checkPss: PrepareCheck = (_file, group, { crypto }) =>
  withHash(group, (hash) => {
    if (text(group, 'mgfSha') !== text(group, 'sha')) return skip('MGF1 in TLS has the hash of the message');
    if (number(group, 'sLen') !== hashLength[hash]) return skip('salts in TLS are as long as the hash');
    const key = crypto.importPublicKey(bytes(group, 'publicKeyDer'));
    return verifies(key, (key.kind === 'rsa-pss' ? pssWithPssKey : pssWithRsaKey)[hash]);
  });

/** PKCS#1 v1.5 is deterministic, so a signature is either the one of the vector or wrong. */
export const checkPkcs1Signing: PrepareCheck = (_file, group, { crypto }) =>
  withHash(group, (hash) => {
    if (number(group, 'keySize') < 2048) return skip('keys of less than 2048 bits are refused');
    const key = crypto.importPrivateKey(bytes(group, 'privateKeyPkcs8'));
    return (test) => equalTo(bytes(test, 'sig'), key.sign(pkcs1[hash], bytes(test, 'msg')));
  });

function verifies(key: PublicKey, scheme: number): (test: TestCase) => Verdict {
  return (test) => acceptedIf(key.verify(scheme, bytes(test, 'msg'), bytes(test, 'sig')));
}

function withHash(group: TestGroup, prepare: (hash: HashName) => Check): Check {
  const hash = hashes[text(group, 'sha')];
  return hash === undefined ? skip(`signatures over ${text(group, 'sha')} are refused`) : prepare(hash);
}

function withCurveAndHash(group: TestGroup, prepare: (hash: HashName, coordinateLength: number) => Check): Check {
  const curve = text(publicKeyOf(group), 'curve');
  const coordinateLength = curves[curve];
  if (coordinateLength === undefined) return skip(`signatures with ${curve} are not implemented`);
  return withHash(group, (hash) => prepare(hash, coordinateLength));
}

function publicKeyOf(group: TestGroup): Fields {
  return group.publicKey as Fields;
}

function encodeEcdsaSignature(signature: Uint8Array): Uint8Array {
  const half = signature.length / 2;
  const [r, s] = [signature.subarray(0, half), signature.subarray(half)];
  return encodeDer(DerTag.sequence, encodeInteger(r), encodeInteger(s));
}

function encodeInteger(integer: Uint8Array): Uint8Array {
  const padded = Uint8Array.of(0, ...integer);
  let start = 0;
  while (start < padded.length - 1 && padded[start] === 0 && (padded[start + 1] ?? 0) < 0x80) start += 1;
  return encodeDer(DerTag.integer, padded.subarray(start));
}
