import type { Palette } from '../waterfall/palette.ts';
import { joined, milliseconds } from '../waterfall/text.ts';
import { paintOf } from '../waterfall/waterfall.ts';
import type { HandshakeEntry } from './handshake-entry.ts';

/** A handshake in one line: what came of it, what was agreed on, and where to find out more. */
export function handshakeLine(entry: HandshakeEntry, palette: Palette): string {
  const paint = paintOf(entry.outcome, palette);
  const facts = joined(
    entry.protocol,
    entry.cipher_suite,
    entry.group,
    entry.application_protocol,
    entry.server_name,
    entry.identity,
    entry.client,
    `${milliseconds(entry.duration_ms)} ms`,
  );
  const mark = entry.outcome === 'failed' ? '✗' : entry.outcome === 'confirmed' ? '✓' : '·';
  const told = entry.outcome === 'confirmed' ? '' : ` ${paint(entry.message)}`;
  return `${paint(mark)}${told} ${facts} ${palette.dim(`trace ${entry.trace_id}`)}`;
}
