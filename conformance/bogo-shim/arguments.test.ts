import { describe, expect, test } from 'vitest';
import { parseArguments, Unimplemented } from './arguments.ts';

describe('the arguments of the shim', () => {
  test('hold for all connections, or for those of their prefix', () => {
    const { initial, resume, retry } = parseArguments([
      ...['-port', '1234', '-on-initial-verify-fail', '-on-resume-host-name', 'b.example', '-on-retry-expect-hrr'],
    ]);
    expect([initial, resume, retry].map((settings) => settings['-port'])).toEqual([1234, 1234, 1234]);
    expect([initial, resume, retry].map((settings) => settings['-verify-fail'])).toEqual([true, false, false]);
    expect([initial, resume, retry].map((settings) => settings['-host-name'])).toEqual([
      undefined,
      'b.example',
      undefined,
    ]);
    expect([initial, resume, retry].map((settings) => settings['-expect-hrr'])).toEqual([false, false, true]);
  });

  test('gather what is given several times, and decode what is base64', () => {
    const { initial } = parseArguments(['-curves', '29', '-curves', '23', '-expect-ocsp-response', 'AQI=']);
    expect(initial['-curves']).toEqual([29, 23]);
    expect(initial['-expect-ocsp-response']).toEqual(Uint8Array.of(1, 2));
  });

  test('speak of the credential that was begun last; the one that was not begun is the last choice', () => {
    const { initial } = parseArguments([
      ...['-cert-file', 'default', '-new-x509-credential', '-cert-file', 'first', '-signing-prefs', '2052'],
      ...['-new-x509-credential', '-cert-file', 'second'],
    ]);
    expect(initial.credentials.map((each) => [each.number, each['-cert-file'], each['-signing-prefs']])).toEqual([
      [0, 'first', [2052]],
      [1, 'second', []],
      [-1, 'default', []],
    ]);
  });

  test('count pre-shared keys among the credentials', () => {
    const { initial } = parseArguments([
      ...['-new-psk-credential', '-psk-importer-key', 'AQI=', '-psk-importer-sha384'],
      ...['-new-x509-credential', '-cert-file', 'file', '-new-psk-credential', '-psk-importer-key', 'Aw=='],
    ]);
    expect(initial.credentials.map((each) => [each.number, each['-cert-file']])).toEqual([[1, 'file']]);
    expect(initial.psks.map((each) => [each.number, each['-psk-importer-key'], each['-psk-importer-sha384']])).toEqual([
      [0, Uint8Array.of(1, 2), true],
      [2, Uint8Array.of(3), false],
    ]);
  });

  test('for a handshaker are passed over, those for the shim are not', () => {
    const { initial } = parseArguments(['-on-handshaker-select-alpn', 'bar', '-on-shim-select-alpn', 'foo']);
    expect(initial['-select-alpn']).toBe('foo');
  });

  test('that are not known are not done', () => {
    expect(() => parseArguments(['-server', '-dtls'])).toThrow(Unimplemented);
  });
});
