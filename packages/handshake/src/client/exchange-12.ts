import { parseCertificate, publicKeyOf } from '@handfast/certificates';
import { type PublicKeyKind, premasterLength } from '@handfast/crypto';
import {
  type CipherSuiteParameters,
  groupFits,
  groupOfServerDhParams,
  type MasterSecretDerivation,
  masterSecret,
  serverKeyExchangeContent,
} from '@handfast/key-exchange';
import {
  encodeClientKeyExchange,
  encodeServerParams,
  NamedGroup,
  nameOf,
  readServerKeyExchange,
  type ServerKeyExchange,
  TlsError,
} from '@handfast/wire';
import { hasCurveOf } from '../common/certificate-curves.ts';
import type { Handshake } from '../common/handshake.ts';
import { paddedShare } from '../common/hellos.ts';
import { encryptPremaster, type PeerCertificate, type ProvenPeer, provePossession } from '../common/peer.ts';
import type { Terms12 } from '../common/terms-12.ts';
import type { ClientConfiguration } from '../configuration.ts';
import { ask, type Steps } from '../engine/effects.ts';
import { type Offer, offerShares } from './offer.ts';

const step = 'ServerKeyExchange';

/** The server's half of an ephemeral key exchange, signed. */
export interface ServerShare12 {
  readonly algorithm: 'ecdhe' | 'dhe';
  readonly group: number;
  readonly publicKey: Uint8Array;
  /** What the signature covers beside the randoms. */
  readonly params: Uint8Array;
  readonly scheme: number;
  readonly signature: Uint8Array;
}

/** With the server that signed it. */
export interface SignedShare12 extends ServerShare12 {
  readonly server: ProvenPeer;
}

/** Reads a ServerKeyExchange, which must be of a group that is safe and that we offered. */
export function readServerShare12(
  configuration: ClientConfiguration,
  { keyExchange }: CipherSuiteParameters,
  { exchangeKeys }: ServerKeyExchange,
): ServerShare12 {
  return keyExchange === 'dhe' ? readFiniteField(configuration, exchangeKeys) : readCurve(configuration, exchangeKeys);
}

function readCurve({ groups }: ClientConfiguration, exchangeKeys: Uint8Array): ServerShare12 {
  const { params, signatureScheme: scheme, signature } = readServerKeyExchange('ecdhe', exchangeKeys);
  const { namedCurve: group, publicKey } = params;
  if (!groups.includes(group) || !groupFits(group, 'ecdhe')) throw notOffered(group);
  return { algorithm: 'ecdhe', group, publicKey, params: encodeServerParams('ecdhe', params), scheme, signature };
}

/** A server may choose a group as it likes, but whether that is safe cannot be told of any but those of RFC 7919. */
function readFiniteField({ groups }: ClientConfiguration, exchangeKeys: Uint8Array): ServerShare12 {
  const { params, signatureScheme: scheme, signature } = readServerKeyExchange('dhe', exchangeKeys);
  const group = groupOfServerDhParams(params);
  if (group === undefined) {
    const bits = params.dhP.length * 8;
    throw new TlsError('unsafe-group', `the server's Diffie-Hellman group, of ${bits} bits, is none of RFC 7919`, {
      step,
    });
  }
  // RFC 7919 section 3: we may have said which of them we want.
  const named = groups.filter((each) => groupFits(each, 'dhe'));
  if (named.length > 0 && !named.includes(group)) throw notOffered(group);
  const encoded = encodeServerParams('dhe', params);
  return { algorithm: 'dhe', group, publicKey: paddedShare(group, params.dhYs), params: encoded, scheme, signature };
}

function notOffered(group: number): TlsError {
  const name = nameOf(NamedGroup, group);
  return new TlsError('illegal-parameter', `the server chose ${name}, which we did not offer`, { step });
}

/**
 * The server's certificate must be of the kind that the suite names (RFC 5246 section 7.4.2), and its key on a curve that
 * we offered (RFC 8422 section 5.1.1).
 */
export function checkCertificateKind12(
  { configuration, crypto }: Handshake<ClientConfiguration>,
  { suite }: Terms12,
  endEntity: Uint8Array,
): void {
  const { kind } = publicKeyOf(crypto, parseCertificate(endEntity));
  if (fits(suite, kind) && hasCurveOf(configuration.groups, kind)) return;
  throw new TlsError(
    'illegal-parameter',
    `a certificate with a key of kind ${kind} does not fit ${suite.name}, or us`,
    {
      step: 'Certificate',
    },
  );
}

function fits({ keyExchange, authentication }: CipherSuiteParameters, kind: PublicKeyKind): boolean {
  if (keyExchange === 'rsa') return kind === 'rsa';
  return kind.startsWith('rsa') === (authentication === 'rsa');
}

/** The server's signature over its share. */
export function proveServer12(
  handshake: Handshake,
  { clientRandom, serverRandom }: Terms12,
  peer: PeerCertificate,
  { params, scheme, signature }: ServerShare12,
): ProvenPeer {
  const content = serverKeyExchangeContent(clientRandom, serverRandom, params);
  return provePossession(handshake, 'tls12', peer, { scheme, content, signature }, step);
}

/** A client's half of the key exchange. */
export interface ClientExchange12 {
  /** What ClientKeyExchange holds. */
  readonly exchangeKeys: Uint8Array;
  readonly server: ProvenPeer;
  readonly masterSecret: (derivation: MasterSecretDerivation) => Steps<Uint8Array>;
}

/** A share for the server's group: the one that the ClientHello carried, if it is of that group, or a fresh one. */
export function* shareExchange12(offer: Offer, signed: SignedShare12): Steps<ClientExchange12> {
  const { algorithm, group, publicKey: peerShare, server } = signed;
  const offered = offer.shares.find((entry) => entry.group === group);
  const { continuation, shares } =
    offered === undefined
      ? yield* offerShares([group], 'ClientKeyExchange')
      : { continuation: offer.continuation, shares: [offered] };
  return {
    server,
    exchangeKeys: encodeClientKeyExchange(algorithm, shares[0]?.share ?? new Uint8Array(0)),
    *masterSecret(derivation) {
      const { secret } = yield* ask({
        step: 'ClientKeyExchange',
        port: 'key-exchange',
        operation: 'agree',
        call: ({ keyExchange }, context) =>
          keyExchange.agree({ continuation, group, peerShare, masterSecret: derivation }, context),
      });
      return secret;
    },
  };
}

/** RSA key transport (RFC 5246 section 7.4.7.1): a premaster secret of ours, for the server's certificate alone. */
export function transportExchange12({ crypto }: Handshake, { hello }: Offer, peer: PeerCertificate): ClientExchange12 {
  const premaster = crypto.randomBytes(premasterLength);
  premaster[0] = hello.legacyVersion >> 8;
  premaster[1] = hello.legacyVersion;
  const { encrypted, recipient } = encryptPremaster(crypto, peer, premaster);
  return {
    server: recipient,
    exchangeKeys: encodeClientKeyExchange('rsa', encrypted),
    *masterSecret(derivation) {
      return masterSecret(crypto, premaster, derivation);
    },
  };
}
