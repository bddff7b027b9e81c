import type { PublicKeyKind } from '@handfast/crypto';
import type { Answer, AskContext, Reason } from '@handfast/wire';

/** The CertificateValidator port: whoever implements it holds the trust anchors and the directory of our own chains. */
export interface CertificateValidator {
  /** Judges the chain that a peer presented. A verdict is an answer, not an error, also where it is bad. */
  validate(request: ValidationRequest, context: AskContext): Answer<Verdict>;
  /** The chains that this endpoint may present, without their private keys, in order of preference. */
  credentials(context: AskContext): Answer<readonly Credential[]>;
  /** Distinguished names (DER) of the anchors that client certificates are judged by, for CertificateRequest. */
  authorities(context: AskContext): Answer<readonly Uint8Array[]>;
}

export interface ValidationRequest {
  /** DER, end entity first, as the peer sent them. Not empty. */
  readonly chain: readonly Uint8Array[];
  /** What the end entity is to be used for. */
  readonly purpose: 'server' | 'client';
  /** What its key is to do: sign, or decrypt a premaster secret (RSA key transport in TLS 1.2). By default sign. */
  readonly keyUse?: 'sign' | 'decrypt' | undefined;
  /** The DNS name or IP address that a server must prove; undefined to check no name (clients). */
  readonly serverName: string | undefined;
  /** Milliseconds since the Unix epoch. */
  readonly time: number;
  /** OCSPResponse that came with the chain, DER. */
  readonly ocspResponse: Uint8Array | undefined;
  /** SignedCertificateTimestamps that came with the chain. */
  readonly signedCertificateTimestamps: readonly Uint8Array[];
}

export type Verdict = TrustedVerdict | RejectedVerdict;

export interface TrustedVerdict {
  readonly trusted: true;
  /** The path that was found: end entity first, trust anchor last; DER. */
  readonly path: readonly Uint8Array[];
  readonly identity: Identity;
}

export interface RejectedVerdict {
  readonly trusted: false;
  readonly reason: Extract<Reason, `certificate-${string}`>;
  /** The certificate that broke the rule: its subject (RFC 4514 string) and its place in the path, 0 is the end entity. */
  readonly certificate: { readonly subject: string; readonly depth: number } | undefined;
  /** A sentence for people: what was wrong and what would mend it. */
  readonly detail: string;
  /** The rule, such as `RFC 5280 section 6.1.3`. */
  readonly rule: string;
  /** The path that came furthest, as far as it came: end entity first; DER. Not there where none was begun. */
  readonly path?: readonly Uint8Array[] | undefined;
}

/** Who the end entity is: for SASL EXTERNAL, for proxies, for traces. */
export interface Identity {
  /** RFC 4514 string. */
  readonly subject: string;
  readonly issuer: string;
  /** Upper-case hex without separators. */
  readonly serialNumber: string;
  readonly dnsNames: readonly string[];
  /** The other names of its subjectAltName; not there where who tells of the identity has not kept them. */
  readonly ipAddresses?: readonly string[] | undefined;
  readonly emails?: readonly string[] | undefined;
  readonly uris?: readonly string[] | undefined;
  /** Where its one URI is a SPIFFE ID. */
  readonly spiffeId?: string | undefined;
  /** What the validator's rules make of all this, where one matches. */
  readonly name?: string | undefined;
  /** Lower-case hex SHA-256 of the DER. */
  readonly fingerprint: string;
  /** Milliseconds since the Unix epoch. */
  readonly notBefore: number;
  readonly notAfter: number;
}

/** A chain that we may present, known by the key ID of its end entity (see the KeyExchange port). */
export interface Credential {
  readonly keyId: string;
  /** DER, end entity first. */
  readonly chain: readonly Uint8Array[];
  /** DNS names and IP addresses of the end entity, wildcards as `*.example.org`. */
  readonly names: readonly string[];
  readonly keyKind: PublicKeyKind;
  /** SignatureSchemes that its key can make, the preferred one first; none where only the `delegated` key may sign. */
  readonly schemes: readonly number[];
  /**
   * Whom it may be presented to: `any` peer, which is the default, or only one whose certificate_authorities (of ClientHello or
   * CertificateRequest) has, byte for byte, the issuer of one of the certificates in `chain`.
   */
  readonly issuers?: 'any' | 'listed' | undefined;
  /** OCSPResponse to staple, DER. */
  readonly ocspResponse?: Uint8Array | undefined;
  /** SignedCertificateTimestamps to send along. */
  readonly signedCertificateTimestamps?: readonly Uint8Array[] | undefined;
  /** A short-lived key that may sign in the stead of the certificate's (RFC 9345). */
  readonly delegated?: DelegatedKey | undefined;
}

export interface DelegatedKey {
  /** The DelegatedCredential as it goes on the wire. */
  readonly credential: Uint8Array;
  /** Key ID of its public key, for the KeyExchange port. */
  readonly keyId: string;
  /** dc_cert_verify_algorithm: the SignatureScheme of its CertificateVerify. */
  readonly scheme: number;
  /** The SignatureScheme by which the certificate's key signed the credential. */
  readonly credentialScheme: number;
  /** Milliseconds since the Unix epoch. */
  readonly expires: number;
}
