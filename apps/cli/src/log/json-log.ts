import type { Timeline } from '@handfast/handshake';
import type { Endpoints } from '@handfast/telemetry';
import { type Logger, pino, stdTimeFunctions } from 'pino';
import { entryOf } from './handshake-entry.ts';
import type { Log } from './log.ts';

/** One JSON object a line, with an `event`: `ready`, `notice`, `trouble` or `handshake`. */
export class JsonLog implements Log {
  readonly #logger: Logger;

  constructor(service: string) {
    this.#logger = pino({
      base: { service },
      messageKey: 'message',
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (level) => ({ level }) },
    });
  }

  ready(message: string, facts: Readonly<Record<string, string>>): void {
    this.#logger.info({ event: 'ready', ...facts }, message);
  }

  info(message: string): void {
    this.#logger.info({ event: 'notice' }, message);
  }

  warn(message: string): void {
    this.#logger.warn({ event: 'trouble' }, message);
  }

  handshake(timeline: Timeline, endpoints: Endpoints | undefined): void {
    const { message, ...facts } = entryOf(timeline, endpoints);
    const level = facts.outcome === 'failed' ? 'warn' : 'info';
    this.#logger[level]({ event: 'handshake', ...facts }, message);
  }
}
