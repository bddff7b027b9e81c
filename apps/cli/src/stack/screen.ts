import { handshakeLine } from '../log/handshake-line.ts';
import type { Palette } from '../waterfall/palette.ts';
import { parseLogLine } from './log-line.ts';

const nameWidth = 12;

/** The terminal of the stack: every line begins with the name of the process that it comes from. */
export class Screen {
  readonly palette: Palette;
  readonly #colors = new Map<string, (text: string) => string>();

  constructor(palette: Palette) {
    this.palette = palette;
  }

  say(name: string, text: string): void {
    console.log(`${this.#colorOf(name)(`${name.padEnd(nameWidth)} │`)} ${text}`);
  }

  warn(name: string, text: string): void {
    this.say(name, this.palette.yellow(text));
  }

  /** Shows what a process wrote. */
  show(name: string, text: string): void {
    const line = parseLogLine(text);
    if (line === undefined) this.say(name, text);
    else if (line.event === 'handshake') this.say(name, handshakeLine(line, this.palette));
    else if (line.event === 'trouble') this.warn(name, line.message);
    else this.say(name, line.message);
  }

  #colorOf(name: string): (text: string) => string {
    const { blue, cyan, green, magenta, yellow } = this.palette;
    const colors = [blue, cyan, magenta, yellow, green];
    const color = this.#colors.get(name) ?? colors[this.#colors.size % colors.length] ?? String;
    this.#colors.set(name, color);
    return color;
  }
}
