import type { HashName } from '@handfast/crypto';
import type { Answer, AskContext } from '@handfast/wire';

/**
 * The KeyExchange port: whoever implements it holds the private keys of certificates and of ephemeral shares. A
 * credential is known by its key ID: SHA-256 of its SubjectPublicKeyInfo (DER), as lower-case hex, so that holders of
 * chains and holders of keys agree on it without talking.
 */
export interface KeyExchange {
  /** TLS 1.3 server: our share, the shared secret and, where one is due, the CertificateVerify signature, in one round trip. */
  respond(request: RespondRequest, context: AskContext): Answer<RespondAnswer>;
  /** TLS 1.2 server, before ServerKeyExchange: our share, signed with both randoms (RFC 8422 section 5.4, RFC 5246 section 7.4.3). */
  startServer(request: StartServerRequest, context: AskContext): Answer<StartServerAnswer>;
  /** Client of either version: shares to offer. */
  offer(request: OfferRequest, context: AskContext): Answer<OfferAnswer>;
  /** The secret from a continuation and the peer's share: TLS 1.2 server and client of either version. */
  agree(request: AgreeRequest, context: AskContext): Answer<AgreeAnswer>;
  /** A signature with a credential's key: client authentication. */
  sign(request: SignRequest, context: AskContext): Answer<SignAnswer>;
  /**
   * TLS 1.2 server, RSA key transport: the master secret that the client encrypted the premaster of. Whatever is wrong
   * with that gives a master secret that nobody knows, and no error (RFC 5246 section 7.4.7.1).
   */
  decrypt(request: DecryptRequest, context: AskContext): Answer<DecryptAnswer>;
}

export interface RespondRequest {
  readonly group: number;
  readonly clientShare: Uint8Array;
  /** Undefined where a PSK authenticates: there is no CertificateVerify then. */
  readonly signature: TranscriptSignatureRequest | undefined;
}

/**
 * Asks for the server's CertificateVerify. Our share is part of what is signed and not known yet, so the transcript
 * comes in two parts, around the share.
 */
export interface TranscriptSignatureRequest {
  readonly keyId: string;
  readonly scheme: number;
  /** The hash of the cipher suite. */
  readonly hash: HashName;
  /** Transcript bytes up to our key share, in ServerHello. */
  readonly beforeShare: Uint8Array;
  /** Transcript bytes after it, to the end of Certificate. */
  readonly afterShare: Uint8Array;
}

export interface RespondAnswer {
  readonly share: Uint8Array;
  /** The (EC)DHE or KEM shared secret. */
  readonly secret: Uint8Array;
  /** Undefined where none was asked for. */
  readonly signature: Uint8Array | undefined;
}

/** What was begun and can be ended once: opaque to the caller, who carries it (design: sealed continuation). */
export type Continuation = Uint8Array & { readonly continuation?: never };

export interface StartServerRequest {
  readonly group: number;
  readonly keyId: string;
  readonly scheme: number;
  /** 32 bytes each. */
  readonly clientRandom: Uint8Array;
  readonly serverRandom: Uint8Array;
}

export interface StartServerAnswer {
  readonly share: Uint8Array;
  readonly signature: Uint8Array;
  readonly continuation: Continuation;
}

export interface OfferRequest {
  readonly groups: readonly number[];
}

export interface OfferAnswer {
  /** In the order of the request. */
  readonly shares: readonly { readonly group: number; readonly share: Uint8Array }[];
  readonly continuation: Continuation;
}

export interface AgreeRequest {
  readonly continuation: Continuation;
  /** One of the groups of the continuation. */
  readonly group: number;
  /** Of a group over a prime, as long as that: a TLS 1.2 peer may have left out leading zeros. */
  readonly peerShare: Uint8Array;
  /** TLS 1.2: how to turn the premaster secret, which the caller then never sees, into the master secret. */
  readonly masterSecret: MasterSecretDerivation | undefined;
}

export type MasterSecretDerivation =
  /** RFC 7627 section 4. */
  | { readonly kind: 'extended'; readonly hash: HashName; readonly sessionHash: Uint8Array }
  /** RFC 5246 section 8.1. */
  | {
      readonly kind: 'classic';
      readonly hash: HashName;
      readonly clientRandom: Uint8Array;
      readonly serverRandom: Uint8Array;
    };

export interface AgreeAnswer {
  /** The shared secret, or with `masterSecret` the 48-byte master secret. */
  readonly secret: Uint8Array;
}

export interface SignRequest {
  readonly keyId: string;
  readonly scheme: number;
  /** The bytes that the scheme signs, complete (RFC 8446 section 4.4.3; RFC 5246 section 7.4.8: the handshake messages). */
  readonly content: Uint8Array;
}

export interface SignAnswer {
  readonly signature: Uint8Array;
}

export interface DecryptRequest {
  readonly keyId: string;
  /** EncryptedPreMasterSecret. */
  readonly encryptedPremaster: Uint8Array;
  /** client_version of the ClientHello. */
  readonly clientVersion: number;
  readonly masterSecret: MasterSecretDerivation;
}

export interface DecryptAnswer {
  /** The 48-byte master secret. */
  readonly secret: Uint8Array;
}
