import { expect, it } from 'vitest';
import { decodeAlert, encodeAlert } from './alert-codec.ts';
import { AlertDescription, type AlertName, alertName } from './alerts.ts';

it('every alert decodes to what was encoded', () => {
  for (const name of Object.keys(AlertDescription) as AlertName[]) {
    const alert = decodeAlert(encodeAlert('fatal', name));
    expect(alert.level).toBe('fatal');
    expect(alertName(alert.description)).toBe(name);
  }
  expect(encodeAlert('warning', 'close_notify')).toEqual(Uint8Array.of(1, 0));
});

it('an alert that is not registered keeps its number', () => {
  expect(decodeAlert(Uint8Array.of(2, 200))).toEqual({ level: 'fatal', description: 200 });
});

it.for<[string, number[], string]>([
  ['nothing', [], 'malformed-message'],
  ['one byte', [2], 'malformed-message'],
  ['three bytes', [2, 40, 0], 'trailing-data'],
  ['a level of 0', [0, 40], 'illegal-parameter'],
  ['a level of 3', [3, 40], 'illegal-parameter'],
])('an alert of %s is refused', ([, bytes, reason]) => {
  expect(() => decodeAlert(Uint8Array.from(bytes))).toThrow(expect.objectContaining({ reason }));
});
