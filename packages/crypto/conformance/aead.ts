import { concat } from '@handfast/wire';
import { type AeadName, aeadNonceLength, aeadTagLength } from '../src/index.ts';
import { bytes, number } from './vectors.ts';
import { acceptedIf, equalTo, type PrepareCheck, skip } from './verdict.ts';

/** By algorithm and key size, for each length of tag. */
const names: Readonly<Record<string, readonly AeadName[]>> = {
  'AES-GCM 128': ['aes-128-gcm'],
  'AES-GCM 256': ['aes-256-gcm'],
  'AES-CCM 128': ['aes-128-ccm', 'aes-128-ccm-8'],
  'AES-CCM 256': ['aes-256-ccm', 'aes-256-ccm-8'],
  'CHACHA20-POLY1305 256': ['chacha20-poly1305'],
};

export const checkAead: PrepareCheck = (file, group, { crypto }) => {
  const algorithm = `${file.algorithm} ${number(group, 'keySize')}`;
  const candidates = names[algorithm];
  if (candidates === undefined) return skip(`${algorithm} is in no cipher suite that is implemented`);
  if (number(group, 'ivSize') !== aeadNonceLength * 8) return skip('nonces in TLS have 96 bits');
  const name = candidates.find((candidate) => number(group, 'tagSize') === aeadTagLength[candidate] * 8);
  if (name === undefined) return skip('tags in TLS have 128 bits, or with CCM 64');
  return (test) => {
    const aead = crypto.aead(name, bytes(test, 'key'));
    const [nonce, associatedData, message] = [bytes(test, 'iv'), bytes(test, 'aad'), bytes(test, 'msg')];
    const sealed = concat(bytes(test, 'ct'), bytes(test, 'tag'));
    const opened = aead.open(nonce, associatedData, sealed);
    if (opened === undefined || test.result === 'invalid') return acceptedIf(opened !== undefined);
    if (equalTo(sealed, aead.seal(nonce, associatedData, message)) === 'wrong') return 'wrong';
    return equalTo(message, opened);
  };
};
