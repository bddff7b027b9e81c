import { AlertDescription, AlertLevel, type AlertLevelName, type AlertName } from './alerts.ts';
import { TlsError } from './errors.ts';
import { Reader } from './reader.ts';

/** An alert as it was received. `alertName` tells the name of its description. */
export interface Alert {
  readonly level: AlertLevelName;
  readonly description: number;
}

/** The content of an alert record, 2 bytes (RFC 8446 section 6). */
export function encodeAlert(level: AlertLevelName, name: AlertName): Uint8Array {
  return Uint8Array.of(AlertLevel[level], AlertDescription[name]);
}

/**
 * Reads the content of an alert record. A description that is not registered is kept; a level is warning or fatal.
 * @throws TlsError `malformed-message`, `trailing-data`; `illegal-parameter` for another level
 */
export function decodeAlert(bytes: Uint8Array): Alert {
  const reader = new Reader(bytes);
  const level = reader.uint8();
  const description = reader.uint8();
  reader.end();
  if (level === AlertLevel.warning) return { level: 'warning', description };
  if (level === AlertLevel.fatal) return { level: 'fatal', description };
  throw new TlsError('illegal-parameter', `alert level ${level}`);
}
