import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { nativeCrypto } from '@handfast/crypto/native';
import { TlsError } from '@handfast/wire';
import { describe, expect, it } from 'vitest';
import { LocalCertificateValidator } from './local.ts';
import { decodePem } from './pem.ts';

const folder = resolve(import.meta.dirname, '../../..', process.env.HANDFAST_VECTORS ?? '../shared/vectors', 'x509');

/** A case in the format of x509-limbo, as far as it is used here. */
interface LimboCase {
  readonly id: string;
  readonly features: readonly string[];
  readonly validation_kind: 'SERVER' | 'CLIENT';
  readonly trusted_certs: readonly string[];
  readonly untrusted_intermediates: readonly string[];
  readonly peer_certificate: string;
  readonly validation_time: string | null;
  readonly expected_result: 'SUCCESS' | 'FAILURE';
  readonly expected_peer_name: { readonly value: string } | null;
}

interface PkitsRun {
  readonly name: string;
  readonly group: string;
  readonly certs: readonly string[];
  readonly should_validate: boolean;
}

const read = (file: string): Buffer => readFileSync(resolve(folder, file));
const limboCases = (text: string): readonly LimboCase[] => JSON.parse(text).testcases;

function result(
  anchors: readonly Uint8Array[],
  request: Partial<Parameters<LocalCertificateValidator['validate']>[0]>,
) {
  try {
    const validator = new LocalCertificateValidator({ crypto: nativeCrypto, anchors, credentials: [] });
    return validator.validate({
      chain: [],
      purpose: 'server',
      serverName: undefined,
      time: Date.now(),
      ocspResponse: undefined,
      signedCertificateTimestamps: [],
      ...request,
    }).trusted;
  } catch (error) {
    // An anchor that cannot be read.
    expect(error).toBeInstanceOf(TlsError);
    return false;
  }
}

function limboResult(test: LimboCase): LimboCase['expected_result'] {
  const certificates = (pems: readonly string[]) => pems.flatMap((pem) => decodePem(pem, 'CERTIFICATE'));
  const trusted = result(certificates(test.trusted_certs), {
    chain: certificates([test.peer_certificate, ...test.untrusted_intermediates]),
    purpose: test.validation_kind === 'SERVER' ? 'server' : 'client',
    serverName: test.expected_peer_name?.value,
    time: Date.parse(test.validation_time ?? new Date().toISOString()),
  });
  return trusted ? 'SUCCESS' : 'FAILURE';
}

/** The ids of the cases that were answered otherwise than expected. */
function unexpected(cases: readonly LimboCase[]): readonly string[] {
  return cases.filter((test) => limboResult(test) !== test.expected_result).map(({ id }) => id);
}

describe.skipIf(!existsSync(folder))('known answers', () => {
  it('BetterTLS: paths and name constraints', { timeout: 120_000 }, () => {
    const cases = limboCases(gunzipSync(read('bettertls.json.gz')).toString());
    expect(cases.length).toBeGreaterThan(900);
    expect(unexpected(cases)).toEqual([]);
  });

  it('x509-limbo: what is in the scope of RFC 5280 path validation', { timeout: 120_000 }, () => {
    const scope = /^(pathological|pathlen|rfc5280::(nc|eku|validity|serial)|online|cve|webpki::nc)::/;
    const beyond = ['max-chain-depth', 'rfc5280-incompatible-with-webpki'];
    const cases = limboCases(read('limbo.json').toString()).filter(
      ({ id, features }) => scope.test(id) && !features.some((feature) => beyond.includes(feature)),
    );
    expect(cases.length).toBeGreaterThan(40);
    expect(unexpected(cases)).toEqual([]);
  });

  it('PKITS: signatures, validity, names, basic constraints, key usage, name constraints, extensions', () => {
    const { tests, validation_time }: { tests: readonly PkitsRun[]; validation_time: string } = JSON.parse(
      read('pkits/pkits.json').toString(),
    );
    // Sections 4.4, 4.14 and 4.15 are about revocation, 4.8 to 4.12 about policies, parts of 4.7 about CRLs.
    const runs = tests.filter(
      ({ group, name }) => /PkitsTest(01|02|03|06|07|13|16)/.test(group) && !name.includes('cRLSign'),
    );
    const wrong = runs.filter(({ certs, should_validate }) => {
      const [anchor, ...path] = certs.map((name) => new Uint8Array(read(`pkits/certs/${name}.crt`)));
      const request = { chain: path.reverse(), purpose: 'client', time: Date.parse(validation_time) } as const;
      return result(anchor === undefined ? [] : [anchor], request) !== should_validate;
    });
    expect(runs.length).toBeGreaterThan(30);
    expect(wrong.map(({ name }) => name)).toEqual([]);
  });
});
