import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { knownOptionsFunction } from './known-options.ts';

/** Exit code of a shell that looks at these arguments. */
function look(...given: readonly string[]): number | null {
  const script = `${knownOptionsFunction()}\nrefuse_unknown "$@"`;
  return spawnSync('/bin/sh', ['-c', script, 'shim', ...given]).status;
}

test('the launcher lets options through that the shim knows, with their values and prefixes', () => {
  expect(look('-port', '1', '-server', '-on-resume-host-name', '-dtls', '-on-shim-on-initial-async', '--bus')).toBe(0);
});

test.each([[['-server', '-dtls']], [['-on-resume-quic']], [['-host-name', 'name', 'stray']]])(
  'the launcher refuses %j with 89, before Node starts',
  (given) => {
    expect(look(...given)).toBe(89);
  },
);
