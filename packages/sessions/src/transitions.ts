import type { HandshakeState } from './port.ts';

/**
 * The states that may follow each. A state may be noted again, with more facts, and states between may be missing: notes
 * can be lost. `failed` after `completed` is a late rejection; once `confirmed`, a handshake does not fail any more.
 */
const successors: Readonly<Record<HandshakeState, readonly HandshakeState[]>> = {
  started: ['started', 'completed', 'confirmed', 'failed', 'closed'],
  completed: ['completed', 'confirmed', 'failed', 'closed'],
  confirmed: ['confirmed', 'closed'],
  failed: [],
  closed: [],
};

/** True where a handshake in state `from` may be noted to be in state `to`. */
export function follows(from: HandshakeState, to: HandshakeState): boolean {
  return successors[from].includes(to);
}

/** True where nothing follows. */
export function isEnded(state: HandshakeState): boolean {
  return successors[state].length === 0;
}
