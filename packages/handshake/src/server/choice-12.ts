import { type Credential, parseCertificate } from '@handfast/certificates';
import { type CipherSuiteParameters, finiteFieldGroups, groupFits } from '@handfast/key-exchange';
import { type ClientHello, findExtension, NamedGroup } from '@handfast/wire';
import { hasCurveOf } from '../common/certificate-curves.ts';
import {
  type CertificateWishes,
  noCredential,
  preferred,
  presentable,
  schemeOf,
  wishesOf,
} from '../common/credential-choice.ts';
import { commonCipherSuites, commonGroups, noCommonCipherSuite, noCommonGroup } from '../common/negotiation.ts';
import { remembered } from '../common/remembered.ts';
import type { ServerConfiguration } from '../configuration.ts';

/** What a TLS 1.2 server chooses. The suite fixes the kind of certificate and of key exchange, so all three go together. */
export interface ServerChoice12 {
  readonly suite: CipherSuiteParameters;
  readonly credential: Credential;
  readonly exchange: ExchangeChoice12;
}

export type ExchangeChoice12 =
  /** Both sides make a share in `group`; ours is signed with `scheme`. */
  | { readonly kind: 'ephemeral'; readonly algorithm: 'ecdhe' | 'dhe'; readonly group: number; readonly scheme: number }
  /** The client encrypts the premaster secret to the key of our certificate. */
  | { readonly kind: 'key-transport' };

/** A group for each key exchange that takes one, where the two sides have one in common. */
type Groups = Readonly<Record<CipherSuiteParameters['keyExchange'], number | undefined>>;

/**
 * The first of our suites that the client has too, with a certificate that serves it. Of the certificates that serve any of
 * these suites only the best for this client count: the name that it asks for matters more than our order of suites.
 */
export function chooseForServer12(configuration: ServerConfiguration, hello: ClientHello): ServerChoice12 {
  const { credentials } = configuration;
  const suites = commonCipherSuites(configuration, hello, 'tls12');
  const groups = {
    any: undefined,
    rsa: undefined,
    ecdhe: chooseCurve(configuration, hello),
    dhe: chooseFiniteField(configuration, hello),
  };
  const wishes = wishesOf(hello);
  const curves = findExtension(hello.extensions, 'supported_groups');
  const exchangeOf = (suite: CipherSuiteParameters, credential: Credential) =>
    exchangeWith(suite, credential, { wishes, groups, curves });
  const able = presentable(credentials, wishes).filter((credential) =>
    suites.some((suite) => exchangeOf(suite, credential) !== undefined),
  );
  const best = preferred(able, wishes);
  for (const suite of suites) {
    for (const credential of best) {
      const exchange = exchangeOf(suite, credential);
      if (exchange !== undefined) return { suite, credential, exchange };
    }
  }
  if (suites.length === 0) throw noCommonCipherSuite(hello);
  if (suites.every(({ keyExchange }) => keyExchange !== 'rsa' && groups[keyExchange] === undefined)) {
    throw noCommonGroup(configuration, hello);
  }
  throw noCredential(
    credentials,
    wishes,
    suites.map(({ name }) => name),
  );
}

/** What the key of a credential and a suite must both fit. */
interface Terms {
  readonly wishes: CertificateWishes;
  readonly groups: Groups;
  /** The client's, where it has said them. */
  readonly curves: readonly number[] | undefined;
}

/** The key exchange of a suite with a credential; undefined where they do not go together. */
function exchangeWith(
  { keyExchange: algorithm, authentication }: CipherSuiteParameters,
  credential: Credential,
  { wishes, groups, curves }: Terms,
): ExchangeChoice12 | undefined {
  const { keyKind } = credential;
  if (algorithm === 'rsa') {
    // Nothing is signed, so what the client verifies does not matter; but the key must be there to decrypt, and may.
    const decrypts = keyKind === 'rsa' && credential.schemes.length > 0 && mayUse(credential, 'keyEncipherment');
    return decrypts ? { kind: 'key-transport' } : undefined;
  }
  if (!mayUse(credential, 'digitalSignature')) return undefined;
  const group = groups[algorithm];
  if (algorithm === 'any' || group === undefined) return undefined;
  if (keyKind.startsWith('rsa') !== (authentication === 'rsa')) return undefined;
  if (curves !== undefined && !hasCurveOf(curves, keyKind)) return undefined;
  const scheme = schemeOf(credential, wishes, 'tls12');
  return scheme === undefined ? undefined : { kind: 'ephemeral', algorithm, group, scheme };
}

/** RFC 5246 section 7.4.2: where a certificate says what its key is for, that must be among it. */
function mayUse(credential: Credential, use: 'keyEncipherment' | 'digitalSignature'): boolean {
  return keyUsageOf(credential)?.[use] ?? true;
}

const keyUsageOf = remembered(({ chain: [endEntity] }: Credential) =>
  endEntity === undefined ? undefined : parseCertificate(endEntity).keyUsage,
);

/** The first of our elliptic-curve groups that the client has; one that says nothing gets P-256 (RFC 8422 section 4). */
function chooseCurve(configuration: ServerConfiguration, hello: ClientHello): number | undefined {
  const silent = findExtension(hello.extensions, 'supported_groups') === undefined;
  const candidates = silent
    ? configuration.groups.filter((group) => group === NamedGroup.secp256r1)
    : commonGroups(configuration, hello);
  return candidates.find((candidate) => groupFits(candidate, 'ecdhe'));
}

/**
 * The first of our groups over a prime that the client has. One that knows of no such groups takes what it gets; one that
 * does, and has none of ours, must not be given another (RFC 7919 section 4).
 */
function chooseFiniteField({ groups }: ServerConfiguration, hello: ClientHello): number | undefined {
  const named = groups.filter((group) => groupFits(group, 'dhe'));
  const ours = named.length > 0 ? named : finiteFieldGroups;
  const offered = (findExtension(hello.extensions, 'supported_groups') ?? []).filter(isFiniteField);
  return offered.length === 0 ? ours[0] : ours.find((group) => offered.includes(group));
}

/** RFC 7919 section 2: code points 256 to 511. */
function isFiniteField(group: number): boolean {
  return group >> 8 === 1;
}
