import { TlsError } from '@handfast/wire';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { integer, oid, sequence } from '../testing/encode.ts';
import { encodeElement } from './der/writer.ts';
import { distributionPointsOf, issuingDistributionPointOf } from './distribution-point.ts';
import {
  certificatePoliciesOf,
  inhibitAnyPolicyOf,
  policyConstraintsOf,
  policyMappingsOf,
} from './policy-extensions.ts';

const policy = oid('1.3.6.1.4.1.99.1');
const uri = encodeElement(0x86, Buffer.from('http://ca.example/ca.crl'));
const fullName = encodeElement(0xa0, encodeElement(0xa0, uri));
const yes = Uint8Array.of(0xff);
const malformed = expect.objectContaining({ reason: 'certificate-malformed' });

/** Each parser, with a value that it reads. */
const parsers: readonly (readonly [string, (value: Uint8Array) => unknown, Uint8Array])[] = [
  ['certificatePolicies', certificatePoliciesOf, sequence(sequence(policy, sequence(sequence(policy, uri))))],
  ['policyMappings', policyMappingsOf, sequence(sequence(policy, oid('1.2.3')))],
  [
    'policyConstraints',
    policyConstraintsOf,
    sequence(encodeElement(0x80, Uint8Array.of(0)), encodeElement(0x81, Uint8Array.of(2))),
  ],
  ['inhibitAnyPolicy', inhibitAnyPolicyOf, integer(3)],
  [
    'cRLDistributionPoints',
    distributionPointsOf,
    sequence(sequence(fullName, encodeElement(0x81, Uint8Array.of(5, 0x60)))),
  ],
  [
    'issuingDistributionPoint',
    issuingDistributionPointOf,
    sequence(fullName, encodeElement(0x81, yes), encodeElement(0x84, yes)),
  ],
];

describe('the content of an extension is read', () => {
  it('with the policies, each once', () => {
    expect(certificatePoliciesOf(sequence(sequence(policy), sequence(oid('2.5.29.32.0'))))).toEqual([
      '1.3.6.1.4.1.99.1',
      '2.5.29.32.0',
    ]);
  });

  it('with what is constrained, and what is not', () => {
    expect(policyConstraintsOf(sequence(encodeElement(0x81, Uint8Array.of(2))))).toEqual({
      requireExplicitPolicy: undefined,
      inhibitPolicyMapping: 2,
    });
  });

  it('with the names and reasons of distribution points', () => {
    expect(distributionPointsOf(sequence(sequence(fullName, encodeElement(0x81, Uint8Array.of(5, 0x60)))))).toEqual([
      {
        name: { kind: 'full', names: [{ kind: 'uri', value: 'http://ca.example/ca.crl' }] },
        reasons: 0b110,
        crlIssuer: undefined,
      },
    ]);
  });
});

describe('the content of an extension is refused', () => {
  it.for<[string, () => unknown]>([
    ['without a policy', () => certificatePoliciesOf(sequence())],
    ['with a policy twice', () => certificatePoliciesOf(sequence(sequence(policy), sequence(policy)))],
    ['with policy qualifiers that are none', () => certificatePoliciesOf(sequence(sequence(policy, sequence())))],
    ['that maps nothing', () => policyMappingsOf(sequence())],
    ['that maps to two policies', () => policyMappingsOf(sequence(sequence(policy, policy, policy)))],
    ['that constrains no policies', () => policyConstraintsOf(sequence())],
    ['that skips less than no certificate', () => inhibitAnyPolicyOf(encodeElement(0x02, yes))],
    ['without a distribution point', () => distributionPointsOf(sequence())],
    [
      'with a distribution point of reasons alone',
      () => distributionPointsOf(sequence(sequence(encodeElement(0x81, Uint8Array.of(5, 0x60))))),
    ],
    [
      'with a distribution point of no name',
      () => distributionPointsOf(sequence(sequence(encodeElement(0xa0, encodeElement(0xa0))))),
    ],
    ['that writes out what is not', () => issuingDistributionPointOf(sequence(encodeElement(0x84, Uint8Array.of(0))))],
    [
      'in another order',
      () => issuingDistributionPointOf(sequence(encodeElement(0x84, yes), encodeElement(0x81, yes))),
    ],
  ])('%s', ([, parse]) => {
    expect(parse).toThrow(malformed);
  });

  it.for(parsers)('with a typed error, whatever is changed in it: %s', ([, parse, value]) => {
    expect(() => parse(value)).not.toThrow();
    const changed = fc
      .array(fc.tuple(fc.nat(value.length - 1), fc.nat(255)), { minLength: 1, maxLength: 3 })
      .map((edits) => {
        const copy = Uint8Array.from(value);
        for (const [at, octet] of edits) copy[at] = octet;
        return copy;
      });
    fc.assert(
      fc.property(fc.oneof(changed, fc.uint8Array({ maxLength: 40 })), (bytes) => {
        try {
          parse(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(TlsError);
        }
      }),
      { numRuns: 500 },
    );
  });
});
