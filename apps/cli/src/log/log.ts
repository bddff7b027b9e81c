import type { Timeline } from '@handfast/handshake';
import type { Endpoints } from '@handfast/telemetry';

/** What a service that runs on says: to people at a terminal, to programs otherwise. */
export interface Log {
  /** Once: from now on it does what it is for. The facts are for programs. */
  ready(message: string, facts: Readonly<Record<string, string>>): void;
  info(message: string): void;
  warn(message: string): void;
  /** A handshake that has ended. */
  handshake(timeline: Timeline, endpoints: Endpoints | undefined): void;
}

/** @param service as in traces, such as `handfast-gateway`. */
export async function openLog(service: string): Promise<Log> {
  if (process.stdout.isTTY) {
    const { TerminalLog } = await import('./terminal-log.ts');
    return new TerminalLog(process.stdout);
  }
  const { JsonLog } = await import('./json-log.ts');
  return new JsonLog(service);
}
