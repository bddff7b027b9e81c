// Runs PKITS, NIST's test suite for path validation, on the validator.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { readPkits, runPkits } from './pkits-runs.ts';
import { formatResults } from './results.ts';

const usage = `usage: npm run -s conformance:pkits -- FOLDER

Validates every run of FOLDER/pkits.json with the certificates of FOLDER/certs and the CRLs of FOLDER/crls, and prints
the results in the format of x509-limbo, with the names of the runs as ids.

exit status: 0 all runs were made, 2 wrong usage`;

function main([folder, ...others]: readonly string[]): number {
  if (folder === '--help') {
    console.log(usage);
    return 0;
  }
  if (folder === undefined || others.length > 0 || !existsSync(join(folder, 'pkits.json'))) {
    console.error(folder === undefined || others.length > 0 ? usage : `${folder} holds no pkits.json`);
    return 2;
  }
  const file = readPkits(folder);
  console.log(formatResults(file.tests.map((run) => runPkits(folder, file, run))));
  return 0;
}

process.exitCode = main(process.argv.slice(2));
