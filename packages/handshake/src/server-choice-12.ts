import type { Credential } from '@handfast/certificates';
import type { PublicKeyKind } from '@handfast/crypto';
import {
  type CipherSuiteParameters,
  defaultSignatureSchemes,
  finiteFieldGroups,
  groupFits,
} from '@handfast/key-exchange';
import { type ClientHello, findExtension, NamedGroup, SignatureScheme, TlsError } from '@handfast/wire';
import { hasCurveOf } from './certificate-curves.ts';
import type { ServerConfiguration } from './configuration.ts';
import { cut, namesOf } from './hellos.ts';
import {
  chooseCredential,
  commonCipherSuites,
  commonGroups,
  noCommonCipherSuite,
  noCommonGroup,
} from './negotiation.ts';

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

/** The first of our suites that the client has too, and that there is a group and a certificate for. */
export function chooseForServer12(configuration: ServerConfiguration, hello: ClientHello): ServerChoice12 {
  const groups = {
    any: undefined,
    rsa: undefined,
    ecdhe: chooseCurve(configuration, hello),
    dhe: chooseFiniteField(configuration, hello),
  };
  const suites = commonCipherSuites(configuration, hello, 'tls12');
  for (const suite of suites) {
    const choice = chooseWith(suite, groups, configuration, hello);
    if (choice !== undefined) return choice;
  }
  if (suites.length === 0) throw noCommonCipherSuite(hello);
  if (suites.every(({ keyExchange }) => keyExchange !== 'rsa' && groups[keyExchange] === undefined)) {
    throw noCommonGroup(configuration, hello);
  }
  const schemes = namesOf(SignatureScheme, cut(schemesOf(hello))).join(', ') || 'SHA-1, all that the client verifies';
  throw new TlsError(
    'no-common-signature-scheme',
    `none of our certificates fits ${suites.map((suite) => suite.name).join(', ')} with ${schemes}`,
  );
}

function chooseWith(
  suite: CipherSuiteParameters,
  groups: Groups,
  { credentials }: ServerConfiguration,
  hello: ClientHello,
): ServerChoice12 | undefined {
  const serverName = findExtension(hello.extensions, 'server_name');
  if (suite.keyExchange === 'rsa') {
    // Nothing is signed, so what the client verifies does not matter.
    const choice = chooseCredential(
      credentials,
      defaultSignatureSchemes,
      'tls12',
      serverName,
      (kind) => kind === 'rsa',
    );
    return choice && { suite, credential: choice.credential, exchange: { kind: 'key-transport' } };
  }
  const { keyExchange: algorithm } = suite;
  const group = groups[algorithm];
  if (algorithm === 'any' || group === undefined) return undefined;
  const curves = findExtension(hello.extensions, 'supported_groups');
  const clientHasCurveOf = (kind: PublicKeyKind) => curves === undefined || hasCurveOf(curves, kind);
  const choice = chooseCredential(credentials, schemesOf(hello), 'tls12', serverName, (kind) =>
    suite.authentication === 'rsa' ? kind.startsWith('rsa') : !kind.startsWith('rsa') && clientHasCurveOf(kind),
  );
  return (
    choice && {
      suite,
      credential: choice.credential,
      exchange: { kind: 'ephemeral', algorithm, group, scheme: choice.scheme },
    }
  );
}

function schemesOf({ extensions }: ClientHello): readonly number[] {
  return findExtension(extensions, 'signature_algorithms') ?? [];
}

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
