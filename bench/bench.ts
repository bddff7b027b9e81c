// npm run bench [-- --json] [--quick]: Handfast and node:tls side by side, in turn, with the same client and certificates.
import { parseArgs } from 'node:util';
import { makePki } from '@handfast/certificates/testing';
import { measureBulk } from './bulk.ts';
import { measureHandshakes } from './handshakes.ts';
import { measureLatency } from './latency.ts';
import { report } from './report.ts';
import { measureValidation } from './validation.ts';

const { values } = parseArgs({
  options: { json: { type: 'boolean', default: false }, quick: { type: 'boolean', default: false } },
});

/** How much is measured. Quick runs show that the bench works, not how fast anything is. */
export interface Effort {
  /** Connections before anything is counted, so that the compilers are done. */
  readonly warmup: number;
  /** Connections in one turn of one server. */
  readonly connections: number;
  /** Turns of each server. */
  readonly rounds: number;
  /** Connections for the percentiles of a latency. */
  readonly latencies: number;
  /** MiB in one turn of a bulk transfer. */
  readonly mebibytes: number;
  /** Chains of certificates that are validated. */
  readonly validations: number;
}

const thorough: Effort = {
  warmup: 3000,
  connections: 800,
  rounds: 5,
  latencies: 1000,
  mebibytes: 256,
  validations: 1000,
};
const quick: Effort = { warmup: 50, connections: 50, rounds: 2, latencies: 50, mebibytes: 16, validations: 20 };

const effort = values.quick ? quick : thorough;
const pki = await makePki({ kinds: ['ecdsa-p256', 'rsa-2048'] });
const progress = (line: string) => process.stderr.write(`${line}\n`);

const results = {
  node: process.version,
  openssl: process.versions.openssl,
  handshakes: await measureHandshakes(pki, effort, progress),
  latency: await measureLatency(pki, effort, progress),
  bulk: await measureBulk(pki, effort, progress),
  validation: await measureValidation(effort, progress),
};

process.stdout.write(values.json ? `${JSON.stringify(results, null, 2)}\n` : report(results));

export type Results = typeof results;
