import { parseCertificate, publicKeyOf, type Verdict } from '@handfast/certificates';
import type { CryptoProvider } from '@handfast/crypto';
import { schemeFits } from '@handfast/key-exchange';
import { type MessageVersion, nameOf, SignatureScheme, TlsError } from '@handfast/wire';
import { type Ask, ask, type Steps } from '../engine/effects.ts';
import type { StepName } from '../timeline.ts';
import type { Handshake } from './handshake.ts';

/** The chain that the peer presented, and what was found of it. */
export interface PeerCertificate {
  /** DER, end entity first. */
  readonly chain: readonly Uint8Array[];
  readonly verdict: Verdict;
  /** What came stapled to the chain, here or in the handshake of the session that is resumed: an OCSPResponse, DER, and SCTs. */
  readonly stapled?: Stapled | undefined;
}

export interface Stapled {
  readonly ocspResponse: Uint8Array | undefined;
  readonly signedCertificateTimestamps: readonly Uint8Array[];
}

declare const proof: unique symbol;

/**
 * A peer that signed this handshake with the key of its end entity, or that nobody but the holder of that key can stand
 * for, because the handshake's secret is encrypted to it. Only `provePossession` and `encryptPremaster` make one, and
 * Finished is reached only with one, or where no certificate is due (design section 7).
 */
export interface ProvenPeer extends PeerCertificate {
  readonly [proof]: true;
}

/** A peer that holds the pre-shared key by which this handshake goes: its Finished, or binder, proves it. */
export interface PskHolder {
  readonly kind: 'psk-holder';
  /** Who it is: the peer of the session that is resumed. Undefined for an external PSK, and for a client without certificate. */
  readonly certificate: PeerCertificate | undefined;
  readonly [proof]: true;
}

/** How the peer authenticated itself: without this value no handshake gets to Finished. */
export type PeerAuthentication = ProvenPeer | PskHolder | 'without-certificate';

/**
 * A peer that is known by a PSK or the master secret of a session. On a server, call it once the binder is verified (TLS
 * 1.3); the Finished that follows fails for whoever does not have the key. `resumedPeer` finds out who it is.
 * @param certificate that the peer presented in the handshake of the session that is resumed.
 */
export function pskHolder(certificate: PeerCertificate | undefined): PskHolder {
  return { kind: 'psk-holder', certificate } as PskHolder;
}

/** The certificate by which we know the peer. */
export function certificateOf(peer: PeerAuthentication): PeerCertificate | undefined {
  if (peer === 'without-certificate') return undefined;
  return 'kind' in peer ? peer.certificate : peer;
}

/**
 * When the peer must be judged anew: as soon as a certificate of its path expires, milliseconds since the Unix epoch.
 * Without a certificate, never.
 */
export function trustedUntil(peer: PeerCertificate | undefined): number {
  if (!peer?.verdict.trusted) return Number.POSITIVE_INFINITY;
  const { path, identity } = peer.verdict;
  return Math.min(identity.notAfter, ...path.slice(1).map((der) => parseCertificate(der).notAfter));
}

const notStapled: Stapled = { ocspResponse: undefined, signedCertificateTimestamps: [] };

/** What is to be considered beside the chain itself. */
export interface ValidationCircumstances {
  /** The message that is being worked on when it is asked. */
  readonly step?: StepName;
  readonly stapled?: Stapled | undefined;
  /** What the end entity's key is to do in this handshake. */
  readonly keyUse?: 'sign' | 'decrypt';
}

/**
 * The question whether the peer's chain is to be trusted. The answer is a verdict, which `accept` enforces.
 */
export function chainValidation(
  { configuration }: Handshake,
  chain: readonly Uint8Array[],
  { step = 'Certificate', stapled = notStapled, keyUse = 'sign' }: ValidationCircumstances = {},
): Ask<Verdict> {
  return {
    step,
    port: 'certificate',
    operation: 'validate',
    call: (ports, context, date) =>
      ports.certificates.validate(
        {
          chain,
          purpose: configuration.role === 'client' ? 'server' : 'client',
          serverName: configuration.role === 'client' ? configuration.serverName : undefined,
          time: date,
          keyUse,
          ...stapled,
        },
        context,
      ),
  };
}

/** Asks for the verdict on a chain and enforces it. */
export function* validateChain(
  handshake: Handshake,
  chain: readonly Uint8Array[],
  circumstances: ValidationCircumstances = {},
): Steps<PeerCertificate> {
  const verdict = yield* ask(chainValidation(handshake, chain, circumstances));
  return yield* accept(handshake, chain, verdict, circumstances.stapled);
}

/** Enforces the verdict on the chain that the peer has presented. */
export function* accept(
  handshake: Handshake,
  chain: readonly Uint8Array[],
  verdict: Verdict,
  stapled?: Stapled,
): Steps<PeerCertificate> {
  const presented = handshake.configuration.role === 'client' ? { serverChain: chain } : { clientChain: chain };
  yield {
    kind: 'negotiated',
    facts: verdict.trusted ? { ...presented, peerSubject: verdict.identity.subject } : presented,
  };
  enforce(handshake, verdict, 'Certificate');
  return { chain, verdict, stapled };
}

/** Enforces a verdict: an untrusted chain ends the handshake, unless the client was told to only report it. */
export function enforce({ configuration }: Handshake, verdict: Verdict, step: StepName): void {
  const reportOnly = configuration.role === 'client' && configuration.serverVerification === 'reported';
  if (!verdict.trusted && !reportOnly) throw new TlsError(verdict.reason, verdict.detail, { step });
}

/**
 * Verifies the signature by which the peer proves that it holds the key of its certificate: CertificateVerify, or
 * ServerKeyExchange in TLS 1.2.
 */
export function provePossession(
  { configuration, crypto }: Handshake,
  version: MessageVersion,
  peer: PeerCertificate,
  signed: { readonly scheme: number; readonly content: Uint8Array; readonly signature: Uint8Array },
  step: 'CertificateVerify' | 'ServerKeyExchange',
): ProvenPeer {
  const [endEntity] = peer.chain;
  if (endEntity === undefined)
    throw new TlsError('certificate-missing', 'there is no certificate to verify with', { step });
  const key = publicKeyOf(crypto, parseCertificate(endEntity));
  const name = nameOf(SignatureScheme, signed.scheme);
  if (!configuration.signatureSchemes.includes(signed.scheme)) {
    throw new TlsError('signature-scheme-not-offered', `the peer signed with ${name}, which we did not offer`, {
      step,
    });
  }
  if (!schemeFits(signed.scheme, key.kind, version)) {
    throw new TlsError('signature-scheme-not-offered', `${name} does not fit the peer's ${key.kind} key`, { step });
  }
  if (!key.verify(signed.scheme, signed.content, signed.signature)) {
    throw new TlsError('signature-invalid', `the peer's ${name} signature does not verify with its certificate`, {
      step,
    });
  }
  return peer as ProvenPeer;
}

/**
 * RSA key transport (RFC 5246 section 7.4.7.1): encrypts the premaster secret to the key of the peer's end entity. The
 * Finished that follows fails for whoever does not hold that key.
 * @throws TlsError `certificate-unsupported` for a key that does not encrypt.
 */
export function encryptPremaster(
  crypto: CryptoProvider,
  peer: PeerCertificate,
  premaster: Uint8Array,
): { readonly encrypted: Uint8Array; readonly recipient: ProvenPeer } {
  const step = 'ClientKeyExchange';
  const [endEntity] = peer.chain;
  if (endEntity === undefined) {
    throw new TlsError('certificate-missing', 'there is no certificate to encrypt to', { step });
  }
  const encrypted = publicKeyOf(crypto, parseCertificate(endEntity)).encryptPremaster(premaster);
  return { encrypted, recipient: peer as ProvenPeer };
}
