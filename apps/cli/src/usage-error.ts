/** The command line, or a file that it names, is wrong: the message says what, where and what to do. Exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}
