import { CommanderError } from 'commander';
import { tidyEnvironment } from './flags/environment.ts';
import { createProgram } from './program.ts';
import { UsageError } from './usage-error.ts';

/** Runs a command line (without the names of node and of the program), and sets the exit code of the process. */
export async function run(args: readonly string[]): Promise<void> {
  const program = createProgram();
  try {
    tidyEnvironment(program, process.env);
    await program.parseAsync(args, { from: 'user' });
  } catch (error) {
    // Whatever the command has begun ends with it.
    process.exit(report(error));
  }
}

function report(error: unknown): number {
  // Commander has told what it had to tell; help and version come here too, with 0.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  console.error(`error: ${error instanceof UsageError ? error.message : configurationDetail(error)}`);
  return 2;
}

/** What the packages find wrong with what they were configured with; anything else is a fault of ours, told in full. */
function configurationDetail(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  if ('reason' in error && error.reason === 'configuration-invalid' && 'detail' in error) return error.detail;
  return error.stack;
}
