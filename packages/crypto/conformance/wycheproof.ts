// Runs the vectors of Wycheproof on both providers.
import { statSync } from 'node:fs';
import { formatResults } from './report.ts';
import { runFile } from './run.ts';
import { subjects } from './subjects.ts';
import { listVectorFiles, readVectorFile } from './vectors.ts';

const usage = `usage: npm run conformance:crypto -- DIR

Runs every *_test.json of DIR, which has the form of Wycheproof's testvectors_v1, on the native and on the portable
provider, and says for each file and provider how many of its valid, invalid and acceptable cases passed, failed or
were skipped, and why. What is acceptable may be accepted or refused; if it is accepted, the output must be right.

exit status: 0 all as expected, 1 any case was not, 2 wrong usage`;

function main(args: readonly string[]): number {
  if (args.includes('--help')) {
    console.log(usage);
    return 0;
  }
  const [directory] = args;
  if (args.length !== 1 || directory === undefined || directory.startsWith('-')) return refuse(usage);
  if (!statSync(directory, { throwIfNoEntry: false })?.isDirectory()) return refuse(`${directory} is not a directory`);
  const names = listVectorFiles(directory);
  if (names.length === 0) return refuse(`${directory} holds no *_test.json`);

  const results = names.flatMap((name) => {
    const file = readVectorFile(directory, name);
    return subjects.map((subject) => runFile(file, subject));
  });
  console.log(formatResults(results));
  return results.every(({ failures }) => failures.length === 0) ? 0 : 1;
}

function refuse(message: string): number {
  console.error(message);
  return 2;
}

process.exitCode = main(process.argv.slice(2));
