import type { OpenConnection } from '@handfast/handshake';
import type { AlertName } from '@handfast/wire';
import type { Settings } from './arguments.ts';

/** What an exchange does on its connection. */
export interface Exchanger {
  write(data: Uint8Array): void;
  /** Bytes that may be written before the connection is open. */
  earlyDataLeft(): number;
  updateKeys(): void;
  /** Gives up with that alert. */
  abort(alert: AlertName): void;
  /** Ends our side. */
  shutDown(): void;
}

/** What the shim does with an open connection: it says something first, then echoes what comes with all bits turned. */
export class Exchange {
  readonly #settings: Settings;
  readonly #connection: Exchanger;
  /** What is said first, as far as it has not been. */
  #initialWrites: Uint8Array[];

  constructor(settings: Settings, connection: Exchanger) {
    this.#settings = settings;
    this.#connection = connection;
    this.#initialWrites = initialWrites(settings);
  }

  /** Early data may be written, as much as goes; the rest follows when the connection is open. */
  beginEarly(): void {
    this.#initialWrites = this.#initialWrites.flatMap((write) => {
      const fitting = Math.min(write.length, this.#connection.earlyDataLeft());
      if (fitting > 0) this.#connection.write(write.subarray(0, fitting));
      return fitting < write.length ? [write.subarray(fitting)] : [];
    });
  }

  /** The connection is open; what was written as early data has arrived. */
  begin(open: OpenConnection): void {
    this.#writeExports(open);
    if (this.#settings['-send-alert']) {
      this.#connection.abort('decompression_failure');
      return;
    }
    if (this.#settings['-write-different-record-sizes']) {
      for (const length of recordSizes) this.#connection.write(new Uint8Array(length).fill(0x42));
    } else {
      for (const write of this.#initialWrites.splice(0)) this.#connection.write(write);
    }
    if (this.#settings['-shim-shuts-down']) this.#connection.shutDown();
    else if (this.#settings['-key-update-before-read']) this.#connection.updateKeys();
  }

  /** @throws Error where we have shut down, after which the runner has nothing to say. */
  data(bytes: Uint8Array): void {
    if (this.#settings['-shim-shuts-down']) throw new Error('application data on shutdown');
    if (this.#settings['-key-update']) this.#connection.updateKeys();
    this.#connection.write(bytes.map((byte) => byte ^ 0xff));
    if (this.#settings['-key-update-before-read']) this.#connection.updateKeys();
  }

  #writeExports(open: OpenConnection): void {
    const settings = this.#settings;
    const {
      '-export-keying-material': length,
      '-export-label': label = '',
      '-export-context': context = '',
    } = settings;
    if (length !== undefined) {
      const given = settings['-use-export-context'] ? Buffer.from(context) : undefined;
      this.#connection.write(open.exportKeyingMaterial(label, given, length));
    }
    if (settings['-tls-unique']) {
      const binding = open.channelBinding('tls-unique');
      if (binding === undefined) throw new Error('there is no tls-unique');
      this.#connection.write(binding);
    }
  }
}

/** Around the greatest length of a record, and of two. */
const recordSizes = [0, 1, 255, 256, 257, 16383, 16384, 16385, 32767, 32768, 32769];

function initialWrites(settings: Settings): Uint8Array[] {
  if (!settings['-shim-writes-first'] && !settings['-read-with-unfinished-write']) return [];
  const { '-repeat-shim-initial-write': times = 1, '-shim-initial-write': text = 'hello' } = settings;
  return Array.from({ length: times }, () => Buffer.from(text));
}
