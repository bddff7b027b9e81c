// Runs x509-limbo, or BetterTLS in its format, on the validator.
import { existsSync } from 'node:fs';
import { readLimbo, runLimbo } from './limbo-cases.ts';
import { formatResults } from './results.ts';

const usage = `usage: npm run -s conformance:limbo -- FILE

Validates every case of FILE, which has the format of x509-limbo's limbo.json and may be compressed with gzip, and
prints the results in its format.

exit status: 0 all cases were run, 2 wrong usage`;

function main([file, ...others]: readonly string[]): number {
  if (file === '--help') {
    console.log(usage);
    return 0;
  }
  if (file === undefined || others.length > 0 || !existsSync(file)) {
    console.error(file === undefined || others.length > 0 ? usage : `there is no file ${file}`);
    return 2;
  }
  console.log(formatResults(readLimbo(file).map(runLimbo)));
  return 0;
}

process.exitCode = main(process.argv.slice(2));
