import { concat } from '@handfast/wire';
import { type CbcName, cbcBlockLength } from '../src/index.ts';
import { bytes, number } from './vectors.ts';
import { equalTo, type PrepareCheck, skip } from './verdict.ts';

const names: Readonly<Record<number, CbcName>> = { 128: 'aes-128-cbc', 256: 'aes-256-cbc' };

/** AES-CBC, whose padding in these vectors is of PKCS #5: put on here, because that of TLS belongs to the record layer. */
export const checkCbc: PrepareCheck = (file, group, { crypto }) => {
  const name = file.algorithm === 'AES-CBC-PKCS5' ? names[number(group, 'keySize')] : undefined;
  if (name === undefined) return skip(`${file.algorithm} ${number(group, 'keySize')} is in no cipher suite`);
  return (test) => {
    if (test.result === 'invalid') return skip('the padding of PKCS #5 is not that of TLS');
    const cbc = crypto.cbc(name, bytes(test, 'key'));
    const [iv, message, encrypted] = [bytes(test, 'iv'), bytes(test, 'msg'), bytes(test, 'ct')];
    const count = cbcBlockLength - (message.length % cbcBlockLength);
    const padded = concat(message, new Uint8Array(count).fill(count));
    if (equalTo(encrypted, cbc.encrypt(iv, padded)) === 'wrong') return 'wrong';
    return equalTo(padded, cbc.decrypt(iv, encrypted));
  };
};
