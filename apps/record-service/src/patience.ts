import { TlsError } from '@handfast/wire';

/** Milliseconds between two tries, and tries between two complaints. */
const retryDelay = 500;
const complainEvery = 10;

const absent: ReadonlySet<string> = new Set(['service-unavailable', 'service-timeout', 'service-busy']);

/**
 * Services start in any order: tries until what is to be reached is there, and says what it waits for.
 * @param what it waits for, in words.
 * @throws what `attempt` throws, unless that means that it is merely absent.
 */
export async function patiently<T>(
  what: string,
  attempt: () => T | Promise<T>,
  complain: (text: string) => void,
): Promise<T> {
  for (let tries = 0; ; tries += 1) {
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof TlsError) || !absent.has(error.reason)) throw error;
      if (tries % complainEvery === 0) complain(`waiting for ${what}: ${error.detail}`);
      await new Promise((resolve) => setTimeout(resolve, retryDelay));
    }
  }
}
