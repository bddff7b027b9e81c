import type { HandshakeEntry } from './port.ts';
import { follows, isEnded } from './transitions.ts';

interface Registered {
  readonly entry: HandshakeEntry;
  /** Counts handshakes in the order in which they became known. */
  readonly sequence: number;
}

/** Over its capacity the handshake that ended first is forgotten, and where none has ended, the oldest one. */
export class HandshakeRegistry {
  readonly #capacity: number;
  /** Each in the order in which its handshakes entered it. */
  readonly #living = new Map<string, Registered>();
  readonly #ended = new Map<string, Registered>();
  #sequence = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** A state that cannot follow the one that is known is ignored: notes may arrive twice, or be lost on the way. */
  note(entry: HandshakeEntry): void {
    const { id } = entry;
    const known = this.#living.get(id) ?? this.#ended.get(id);
    if (known !== undefined && !follows(known.entry.state, entry.state)) return;
    this.#sequence += 1;
    const registered = { entry, sequence: known?.sequence ?? this.#sequence };
    if (isEnded(entry.state)) {
      this.#living.delete(id);
      this.#ended.set(id, registered);
    } else {
      this.#living.set(id, registered);
    }
    if (this.#living.size + this.#ended.size > this.#capacity) this.#forgetOne();
  }

  /** The newest first. */
  entries(): readonly HandshakeEntry[] {
    return [...this.#living.values(), ...this.#ended.values()]
      .sort((a, b) => b.sequence - a.sequence)
      .map(({ entry }) => entry);
  }

  #forgetOne(): void {
    const from = this.#ended.size > 0 ? this.#ended : this.#living;
    for (const oldest of from.keys()) {
      from.delete(oldest);
      return;
    }
  }
}
