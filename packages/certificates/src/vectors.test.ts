import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readLimbo, runLimbo } from '../conformance/limbo-cases.ts';
import { readPkits, runPkits } from '../conformance/pkits-runs.ts';

const folder = resolve(import.meta.dirname, '../../..', process.env.HANDFAST_VECTORS ?? '../shared/vectors', 'x509');

/** The cases that the README gives reasons for. */
const deliberate: ReadonlySet<string> = new Set([
  'pathlen::validation-ignores-pathlen-in-leaf',
  'rfc5280::ca-as-leaf',
  'rfc5280::eku::ee-without-eku',
  'webpki::san::public-suffix-private-namespace-wildcard-san',
  // Answered as expected where there is a Public Suffix List.
  'webpki::san::public-suffix-multi-label-wildcard-san',
]);

/** The ids of the cases that were answered otherwise than expected. */
function unexpectedOfLimbo(file: string): readonly string[] {
  const cases = readLimbo(resolve(folder, file));
  expect(cases.length).toBeGreaterThan(0);
  return cases.filter((test) => runLimbo(test).actual_result !== test.expected_result).map(({ id }) => id);
}

describe.skipIf(!existsSync(folder))('known answers', () => {
  it('BetterTLS: paths and name constraints', { timeout: 120_000 }, () => {
    expect(unexpectedOfLimbo('bettertls.json.gz')).toEqual([]);
  });

  it('x509-limbo: all but what is answered otherwise on purpose', { timeout: 120_000 }, () => {
    expect(unexpectedOfLimbo('limbo.json').filter((id) => !deliberate.has(id))).toEqual([]);
  });

  it('PKITS: all of RFC 5280', { timeout: 120_000 }, () => {
    const pkits = resolve(folder, 'pkits');
    const file = readPkits(pkits);
    const unexpected = file.tests.filter(
      (run) => (runPkits(pkits, file, run).actual_result === 'SUCCESS') !== run.should_validate,
    );
    expect(file.tests.length).toBeGreaterThan(0);
    expect(unexpected.map(({ name }) => name)).toEqual([]);
  });
});
