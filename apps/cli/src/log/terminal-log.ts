import type { WriteStream } from 'node:tty';
import type { Timeline } from '@handfast/handshake';
import type { Endpoints } from '@handfast/telemetry';
import { type Palette, paletteFor } from '../waterfall/palette.ts';
import { entryOf } from './handshake-entry.ts';
import { handshakeLine } from './handshake-line.ts';
import type { Log } from './log.ts';

/** One line for each event, in colour. */
export class TerminalLog implements Log {
  readonly #stream: WriteStream;
  readonly #palette: Palette;

  constructor(stream: WriteStream) {
    this.#stream = stream;
    this.#palette = paletteFor(stream);
  }

  ready(message: string): void {
    this.#stream.write(`${this.#palette.green(message)}\n`);
  }

  info(message: string): void {
    this.#stream.write(`${message}\n`);
  }

  warn(message: string): void {
    this.#stream.write(`${this.#palette.yellow(message)}\n`);
  }

  handshake(timeline: Timeline, endpoints: Endpoints | undefined): void {
    this.#stream.write(`${handshakeLine(entryOf(timeline, endpoints), this.#palette)}\n`);
  }
}
