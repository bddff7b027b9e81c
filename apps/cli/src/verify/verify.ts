import { rootCertificates } from 'node:tls';
import { CrlStore, decodePem, LocalCertificateValidator } from '@handfast/certificates';
import { nativeCrypto } from '@handfast/crypto/native';
import type { VerifyFlags } from '../commands/verify.ts';
import { about, readCertificates } from '../settings/files.ts';
import { paletteFor } from '../waterfall/palette.ts';
import { readDer } from './files.ts';
import { type Judgement, jsonReport } from './json-report.ts';
import { treeReport } from './tree-report.ts';

/** `handfast verify`: sets exit code 1 where the chain is not valid. */
export function verify(path: string, flags: VerifyFlags): void {
  const judgement = judge(path, flags);
  if (flags.json) console.log(JSON.stringify(jsonReport(judgement), undefined, 2));
  else console.log(treeReport(judgement, paletteFor(process.stdout)).join('\n'));
  if (!judgement.verdict.trusted) process.exitCode = 1;
}

function judge(path: string, { ca, name, purpose, profile, crl = [], ocsp, ...flags }: VerifyFlags): Judgement {
  const chain = readDer('chain', path, 'CERTIFICATE');
  const anchors =
    ca === undefined
      ? rootCertificates.flatMap((pem) => decodePem(pem, 'CERTIFICATE'))
      : ca.flatMap((file) => readCertificates('--ca', file));
  const { revocation = crl.length > 0 || ocsp !== undefined ? 'prefer' : 'off', time = Date.now() } = flags;
  const crls = crlsOf(crl);
  const validator = new LocalCertificateValidator({
    crypto: nativeCrypto,
    anchors,
    credentials: [],
    profile,
    revocation,
    crls,
  });
  const [ocspResponse] = ocsp === undefined ? [] : readDer('--ocsp', ocsp, 'OCSP RESPONSE');
  const verdict = validator.validate({
    chain,
    purpose,
    serverName: name,
    time,
    ocspResponse,
    signedCertificateTimestamps: [],
  });
  return { verdict, chain, anchors, name, purpose, profile, revocation, time };
}

function crlsOf(files: readonly string[]): CrlStore {
  const crls = new CrlStore();
  for (const file of files) {
    for (const [index, der] of readDer('--crl', file, 'X509 CRL').entries()) {
      about(`--crl ${file}`, () => crls.put(`${file} ${index}`, der));
    }
  }
  return crls;
}
