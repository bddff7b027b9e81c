import type { HandshakeEntry } from '../log/handshake-entry.ts';

/** A line that one of our own processes wrote (see JsonLog). */
export type LogLine =
  | { readonly event: 'ready'; readonly message: string; readonly address?: string }
  | { readonly event: 'notice' | 'trouble'; readonly message: string }
  | ({ readonly event: 'handshake' } & HandshakeEntry);

/** Undefined where the line is not of our log. */
export function parseLogLine(line: string): LogLine | undefined {
  if (!line.startsWith('{"level":')) return undefined;
  try {
    return JSON.parse(line) as LogLine;
  } catch {
    return undefined;
  }
}
