import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { natsServerBinary, startNatsServer } from '@handfast/bus/testing';
import { makePki, type Pki } from '@handfast/certificates/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { handfast, start } from '../../testing/program.ts';

const lacks = natsServerBinary() === undefined ? ' (skipped: no nats-server)' : '';
let folder: string;
let pki: Pki;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'handfast-certificate-'));
  pki = await makePki();
  writeFileSync(join(folder, 'chain.pem'), pki.server.chainPem);
  writeFileSync(join(folder, 'other.key'), pki.client.keyPem);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const file = (name: string): string => join(folder, name);

describe.concurrent('handfast service certificate', () => {
  it.each([
    ['a chain that is not there', ['--cert', 'none.pem'], /--cert .*none\.pem: there is no such file/],
    ['a key in place of the chain', ['--cert', 'other.key'], /--cert .*other\.key: there is no certificate in it/],
    ['a key that is not there', ['--cert', 'chain.pem', '--key', 'none.key'], /--key .*none\.key: there is no such/],
    ['chains and keys that are not pairs', ['--key', 'other.key'], /--cert is given not at all and --key once/],
    [
      'a status that is required of what nobody asks about',
      ['--revocation', 'require'],
      /--revocation require needs --fetch/,
    ],
    ['a place that is none', ['--fetch', 'nowhere'], /Allowed choices are public, anywhere/],
    ['an unknown profile', ['--profile', 'strict'], /Allowed choices are path, rfc5280, webpki/],
  ])('ends with exit code 2 for %s', async (_, flags, message) => {
    const args = flags.map((flag) => (/\.(pem|key)$/.test(flag) ? file(flag) : flag));
    const { code, stderr } = await handfast(['service', 'certificate', '--bus', 'nats://127.0.0.1:1', ...args]);
    expect(stderr).toMatch(message);
    expect(code).toBe(2);
  });

  it('ends with exit code 2 for a chain that is not for its key, naming both', async () => {
    const pair = ['--cert', file('chain.pem'), '--key', file('other.key')];
    const { code, stderr } = await handfast(['service', 'certificate', '--bus', 'nats://127.0.0.1:1', ...pair]);
    expect(stderr).toBe(`error: ${file('chain.pem')}: the certificate is not for the key in ${file('other.key')}\n`);
    expect(code).toBe(2);
  });
});

describe.skipIf(lacks !== '')(`handfast service certificate${lacks}`, () => {
  it('pushes for how long its chains are valid', async () => {
    let pushed = '';
    const collector = createServer(async (request, response) => {
      for await (const chunk of request) pushed += chunk;
      response.end('{}');
    }).listen(0, '127.0.0.1');
    await once(collector, 'listening');
    const nats = await startNatsServer();
    const { port } = collector.address() as AddressInfo;
    const metrics = ['--otlp-metrics', `http://127.0.0.1:${port}`];
    const service = start(['service', 'certificate', '--bus', nats.url, '--cert', file('chain.pem'), ...metrics]);
    await service.printed(/service answers on/);
    expect((await service.stop('SIGTERM')).code).toBe(0);
    await nats.stop();
    collector.close();
    const [{ metrics: found }] = JSON.parse(pushed).resourceMetrics[0].scopeMetrics;
    const [point] = found[0].gauge.dataPoints;
    expect(found[0]).toMatchObject({ name: 'handfast.certificate.expires_in', unit: 's' });
    expect(point.attributes).toEqual([{ key: 'handfast.certificate.name', value: { stringValue: 'CN=localhost' } }]);
    expect(point.asDouble / 86_400).toBeGreaterThan(89);
    expect(point.asDouble / 86_400).toBeLessThan(90);
  });
});
