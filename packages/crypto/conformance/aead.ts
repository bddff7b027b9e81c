import { concat } from '@handfast/wire';
import { type AeadName, aeadNonceLength, aeadTagLength } from '../src/index.ts';
import { bytes, number } from './vectors.ts';
import { acceptedIf, equalTo, type PrepareCheck, skip } from './verdict.ts';

const names: Readonly<Record<string, AeadName>> = {
  'AES-GCM 128': 'aes-128-gcm',
  'AES-GCM 256': 'aes-256-gcm',
  'CHACHA20-POLY1305 256': 'chacha20-poly1305',
};

export const checkAead: PrepareCheck = (file, group, { crypto }) => {
  const algorithm = `${file.algorithm} ${number(group, 'keySize')}`;
  const name = names[algorithm];
  if (name === undefined) return skip(`${algorithm} is in no cipher suite that is implemented`);
  if (number(group, 'ivSize') !== aeadNonceLength * 8) return skip('nonces in TLS have 96 bits');
  if (number(group, 'tagSize') !== aeadTagLength[name] * 8) return skip('tags in TLS have 128 bits');
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
