import { nativeCrypto } from '@handfast/crypto/native';
import { beforeAll, describe, expect, it } from 'vitest';
import { integer, oid, sequence } from '../testing/encode.ts';
import { Extension, type Issued, type IssueOptions, issue, serverAuth } from '../testing/pki.ts';
import { encodeElement } from './der/writer.ts';
import { LocalCertificateValidator } from './local.ts';
import { Oid } from './oids.ts';
import { anyPolicies, type PolicyInputs } from './policy-graph.ts';

const [gold, silver, bronze] = ['1.3.6.1.4.1.99.1', '1.3.6.1.4.1.99.2', '1.3.6.1.4.1.99.3'] as const;

let root: Issued;
beforeAll(async () => {
  root = await issue({ subject: 'CN=Root', ca: {} });
});

const policies = (...oids: readonly string[]): Extension =>
  new Extension(Oid.certificatePolicies, false, sequence(...oids.map((policy) => sequence(oid(policy)))));
const mappings = (...pairs: readonly (readonly [string, string])[]): Extension =>
  new Extension(Oid.policyMappings, true, sequence(...pairs.map(([from, to]) => sequence(oid(from), oid(to)))));
const requireExplicit = (skip: number): Extension =>
  new Extension(Oid.policyConstraints, true, sequence(encodeElement(0x80, Uint8Array.of(skip))));
const inhibitMapping = (skip: number): Extension =>
  new Extension(Oid.policyConstraints, true, sequence(encodeElement(0x81, Uint8Array.of(skip))));
const inhibitAny = (skip: number): Extension => new Extension(Oid.inhibitAnyPolicy, true, integer(skip));

/** A chain from below the root down, each certificate with these extensions. */
async function chainOf(...levels: readonly (readonly Extension[])[]): Promise<Issued> {
  let issuer = root;
  for (const [index, extensions] of levels.entries()) {
    const isLast = index === levels.length - 1;
    const options: IssueOptions = isLast
      ? { names: ['example.org'], extKeyUsage: [serverAuth] }
      : { subject: `CN=CA ${index}`, ca: {} };
    issuer = await issue({ ...options, issuer, extensions });
  }
  return issuer;
}

function judge({ chain }: Issued, inputs: Partial<PolicyInputs> = {}) {
  const wanted = { ...anyPolicies, ...inputs };
  const options = { crypto: nativeCrypto, anchors: [root.der], credentials: [], policies: wanted };
  return new LocalCertificateValidator(options).validate({
    chain,
    purpose: 'server',
    serverName: undefined,
    time: Date.now(),
    ocspResponse: undefined,
    signedCertificateTimestamps: [],
  });
}

describe('certificate policies', () => {
  it('matter to nobody who does not ask for them', async () => {
    expect(judge(await chainOf([policies(gold)], [policies(silver)]))).toMatchObject({ trusted: true });
  });

  it('must be the same all the way where one is asked for', async () => {
    const good = await chainOf([policies(gold, silver)], [policies(gold)]);
    expect(judge(good, { explicit: true })).toMatchObject({ trusted: true });
    expect(judge(good, { explicit: true, acceptable: [gold] })).toMatchObject({ trusted: true });
    expect(judge(good, { explicit: true, acceptable: [silver] })).toMatchObject({
      reason: 'certificate-policy',
      rule: 'RFC 5280 section 6.1.5 (g)',
    });
    const bad = await chainOf([policies(gold)], [policies(silver)]);
    expect(judge(bad, { explicit: true })).toMatchObject({
      reason: 'certificate-policy',
      certificate: { subject: 'CN=example.org', depth: 0 },
      rule: 'RFC 5280 section 6.1.3 (f)',
    });
  });

  it('are asked for by a CA, from as many certificates on as it says', async () => {
    expect(judge(await chainOf([policies(gold), requireExplicit(0)], []))).toMatchObject({
      reason: 'certificate-policy',
    });
    expect(judge(await chainOf([requireExplicit(3)], [], []))).toMatchObject({ trusted: true });
    expect(judge(await chainOf([requireExplicit(2)], [], []))).toMatchObject({ reason: 'certificate-policy' });
  });

  it('are mapped to those of another domain, where that is allowed', async () => {
    const mapped = await chainOf([policies(gold), mappings([gold, bronze])], [policies(bronze)]);
    expect(judge(mapped, { explicit: true, acceptable: [gold] })).toMatchObject({ trusted: true });
    expect(judge(mapped, { explicit: true, acceptable: [bronze] })).toMatchObject({ reason: 'certificate-policy' });
    expect(judge(mapped, { explicit: true, inhibitMapping: true })).toMatchObject({ reason: 'certificate-policy' });
    const inhibited = await chainOf(
      [policies(gold), inhibitMapping(0)],
      [policies(gold), mappings([gold, bronze])],
      [policies(bronze)],
    );
    expect(judge(inhibited, { explicit: true })).toMatchObject({ reason: 'certificate-policy' });
  });

  it('are never mapped to or from anyPolicy', async () => {
    const chain = await chainOf([policies(gold), mappings([Oid.anyPolicy, gold])], [policies(gold)]);
    expect(judge(chain)).toMatchObject({ reason: 'certificate-policy', rule: 'RFC 5280 section 6.1.4 (a)' });
  });

  it('are all there by anyPolicy, unless it is inhibited', async () => {
    const any = await chainOf([policies(Oid.anyPolicy)], [policies(gold)]);
    expect(judge(any, { explicit: true, acceptable: [gold] })).toMatchObject({ trusted: true });
    expect(judge(any, { explicit: true, inhibitAnyPolicy: true })).toMatchObject({ reason: 'certificate-policy' });
    const inhibited = await chainOf([policies(gold), inhibitAny(0)], [policies(Oid.anyPolicy)]);
    expect(judge(inhibited, { explicit: true })).toMatchObject({ reason: 'certificate-policy' });
  });

  it('are judged in time that does not grow with the number of ways through their mappings', async () => {
    const names = Array.from({ length: 16 }, (_, index) => `1.3.6.1.4.1.99.${100 + index}`);
    const all = names.flatMap((from) => names.map((to) => [from, to] as const));
    const ca = [policies(...names), mappings(...all)];
    // A tree would have 16^8 nodes.
    const chain = await chainOf(ca, ca, ca, ca, ca, ca, ca, [policies(...names)]);
    expect(judge(chain, { explicit: true, acceptable: names.slice(0, 1) })).toMatchObject({ trusted: true });
  });
});
