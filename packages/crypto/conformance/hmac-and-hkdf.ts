import { type HashName, hkdfExpand, hkdfExtract, type MacName } from '../src/index.ts';
import { bytes, number } from './vectors.ts';
import { acceptedIf, equalTo, type PrepareCheck, refusedBy, skip } from './verdict.ts';

const macs: Readonly<Record<string, MacName>> = {
  HMACSHA1: 'sha1',
  HMACSHA256: 'sha256',
  HMACSHA384: 'sha384',
  HMACSHA512: 'sha512',
};

const hkdfHashes: Readonly<Record<string, HashName>> = {
  'HKDF-SHA-256': 'sha256',
  'HKDF-SHA-384': 'sha384',
  'HKDF-SHA-512': 'sha512',
};

export const checkMac: PrepareCheck = (file, group, { crypto }) => {
  const mac = macs[file.algorithm];
  if (mac === undefined) return skip(`${file.algorithm} is not implemented`);
  const tagLength = number(group, 'tagSize') / 8;
  return (test) => {
    const tag = crypto.hmac(mac, bytes(test, 'key'), bytes(test, 'msg'));
    // Vectors have shortened tags as well, which are the first bytes of the whole.
    return acceptedIf(crypto.equal(tag.subarray(0, tagLength), bytes(test, 'tag')));
  };
};

export const checkHkdf: PrepareCheck = (file, _group, { crypto }) => {
  const hash = hkdfHashes[file.algorithm];
  if (hash === undefined) return skip(`${file.algorithm} is not implemented`);
  return (test) => {
    const prk = hkdfExtract(crypto, hash, bytes(test, 'salt'), bytes(test, 'ikm'));
    // An output that is too long is our mistake and not a peer's, hence this reason.
    return refusedBy('internal-error', () =>
      equalTo(bytes(test, 'okm'), hkdfExpand(crypto, hash, prk, bytes(test, 'info'), number(test, 'size'))),
    );
  };
};
