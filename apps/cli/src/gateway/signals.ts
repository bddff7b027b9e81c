/** What the terminal (Ctrl-C, or its end) and service managers send to stop a process. */
const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * Resolves when the process is asked to stop. It is then up to the caller to end it; a signal that comes again, as
 * Ctrl-C does below npm, changes nothing.
 */
export function askedToStop(): Promise<'stop'> {
  return new Promise((resolve) => {
    for (const signal of signals) process.on(signal, () => resolve('stop'));
  });
}

/**
 * Starts something, runs it until the process is asked to stop, and stops it. Asked to stop before it has started, the
 * process ends at once: nobody is served yet.
 */
export async function runUntilStopped<T>(start: () => Promise<T>, stop: (started: T) => Promise<void>): Promise<void> {
  const asked = askedToStop();
  const started = await Promise.race([start().then((value) => ({ value })), asked]);
  if (started === 'stop') process.exit(0);
  await asked;
  await stop(started.value);
}
