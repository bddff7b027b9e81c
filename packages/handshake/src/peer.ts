import { parseCertificate, publicKeyOf, type Verdict } from '@handfast/certificates';
import { schemeFits } from '@handfast/key-exchange';
import { type MessageVersion, nameOf, SignatureScheme, TlsError } from '@handfast/wire';
import { type Ask, ask, type Steps } from './effects.ts';
import type { Handshake } from './handshake.ts';

/** The chain that the peer presented, and what was found of it. */
export interface PeerCertificate {
  /** DER, end entity first. */
  readonly chain: readonly Uint8Array[];
  readonly verdict: Verdict;
}

declare const proof: unique symbol;

/**
 * A peer that signed this handshake with the key of its end entity. Only `provePossession` makes one, and Finished is
 * reached only with one, or where no certificate is due (design section 7).
 */
export interface ProvenPeer extends PeerCertificate {
  readonly [proof]: true;
}

/** How the peer authenticated itself: without this value no handshake gets to Finished. */
export type PeerAuthentication = ProvenPeer | 'without-certificate';

/**
 * The question whether the peer's chain is to be trusted. The answer is a verdict, which `accept` enforces.
 * @param step the message that is being worked on when it is asked.
 */
export function chainValidation(
  { configuration }: Handshake,
  chain: readonly Uint8Array[],
  step: 'Certificate' | 'ClientKeyExchange' = 'Certificate',
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
          ocspResponse: undefined,
          signedCertificateTimestamps: [],
        },
        context,
      ),
  };
}

/** Asks for the verdict on a chain and enforces it. */
export function* validateChain(handshake: Handshake, chain: readonly Uint8Array[]): Steps<PeerCertificate> {
  return yield* accept(handshake, chain, yield* ask(chainValidation(handshake, chain)));
}

/** Enforces a verdict: an untrusted chain ends the handshake, unless the client was told to only report it. */
export function* accept(
  { configuration }: Handshake,
  chain: readonly Uint8Array[],
  verdict: Verdict,
): Steps<PeerCertificate> {
  const presented = configuration.role === 'client' ? { serverChain: chain } : { clientChain: chain };
  yield {
    kind: 'negotiated',
    facts: verdict.trusted ? { ...presented, peerSubject: verdict.identity.subject } : presented,
  };
  const reportOnly = configuration.role === 'client' && configuration.serverVerification === 'reported';
  if (!verdict.trusted && !reportOnly) {
    throw new TlsError(verdict.reason, verdict.detail, { step: 'Certificate' });
  }
  return { chain, verdict };
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
