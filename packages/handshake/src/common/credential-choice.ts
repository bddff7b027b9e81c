import { type Credential, chainSignatureSchemes, parseCertificate } from '@handfast/certificates';
import { schemeFits } from '@handfast/key-exchange';
import { type ClientHello, findExtension, type MessageVersion, SignatureScheme, TlsError, toHex } from '@handfast/wire';
import { cut, namesOf } from './hellos.ts';
import { remembered } from './remembered.ts';
import { nameMatch } from './server-names.ts';

/** Which of our credentials a peer is shown, whatever our role is. */

/** What a peer has said of the certificate that it wants to see. */
export interface CertificateWishes {
  /** SignatureSchemes that it verifies (signature_algorithms). */
  readonly schemes: readonly number[];
  /** SignatureSchemes that certificates may be signed with (signature_algorithms_cert); undefined: the same. */
  readonly certificateSchemes?: readonly number[] | undefined;
  /** Distinguished names, DER (certificate_authorities); undefined or empty: of any authority. */
  readonly authorities?: readonly Uint8Array[] | undefined;
  readonly serverName?: string | undefined;
}

/** What a client wants to see. */
export function wishesOf({ extensions }: ClientHello): CertificateWishes {
  return {
    schemes: findExtension(extensions, 'signature_algorithms') ?? [],
    certificateSchemes: findExtension(extensions, 'signature_algorithms_cert'),
    authorities: findExtension(extensions, 'certificate_authorities'),
    serverName: findExtension(extensions, 'server_name'),
  };
}

export interface CredentialChoice {
  readonly credential: Credential;
  /** SignatureScheme code point. */
  readonly scheme: number;
}

/** The credential to present, and what to sign with; undefined where none will do. */
export function chooseCredential(
  credentials: readonly Credential[],
  wishes: CertificateWishes,
  version: MessageVersion,
): CredentialChoice | undefined {
  return useBest(credentials, wishes, (credential) => {
    const scheme = schemeOf(credential, wishes, version);
    return scheme === undefined ? undefined : { credential, scheme };
  });
}

/** What `use` makes of the best credential that it makes anything of. */
export function useBest<Use>(
  credentials: readonly Credential[],
  wishes: CertificateWishes,
  use: (credential: Credential) => Use | undefined,
): Use | undefined {
  const able = presentable(credentials, wishes).filter((credential) => use(credential) !== undefined);
  const [best] = preferred(able, wishes);
  return best && use(best);
}

/** The scheme of the credential's key that the peer verifies; undefined: there is none. */
export function schemeOf(
  { keyKind, schemes }: Credential,
  wishes: CertificateWishes,
  version: MessageVersion,
): number | undefined {
  return schemes.find((scheme) => wishes.schemes.includes(scheme) && schemeFits(scheme, keyKind, version));
}

/** The credentials without those that are for the authorities of other peers. */
export function presentable(
  credentials: readonly Credential[],
  { authorities = [] }: CertificateWishes,
): readonly Credential[] {
  if (credentials.every(({ issuers }) => issuers !== 'listed')) return credentials;
  const listed = new Set(authorities.map(toHex));
  return credentials.filter((credential) => credential.issuers !== 'listed' || isFromOneOf(listed, credential));
}

/**
 * The best of credentials that would all do, in their order: those with the server's name; among these those from an
 * authority that the peer lists (RFC 8446 section 4.2.4); among these those whose chain it can verify, which is no reason to
 * have none (section 4.4.2.2); among these those that have the name without a wildcard.
 */
export function preferred(credentials: readonly Credential[], wishes: CertificateWishes): readonly Credential[] {
  if (credentials.length < 2) return credentials;
  const { serverName = '', authorities = [], schemes, certificateSchemes = schemes } = wishes;
  const listed = new Set(authorities.map(toHex));
  const preferences: readonly ((credential: Credential) => boolean)[] = [
    (credential) => nameMatch(credential, serverName) !== undefined,
    (credential) => isFromOneOf(listed, credential),
    ({ chain }) =>
      [...signaturesOf(chain)].every((scheme) => scheme !== undefined && certificateSchemes.includes(scheme)),
    (credential) => nameMatch(credential, serverName) === 'exact',
  ];
  let best = credentials;
  for (const prefers of preferences) {
    const better = best.length < 2 ? [] : best.filter(prefers);
    if (better.length > 0) best = better;
  }
  return best;
}

function isFromOneOf(listed: ReadonlySet<string>, { chain }: Credential): boolean {
  return listed.size > 0 && issuersOf(chain).some((issuer) => listed.has(issuer));
}

/** Our chains are read once, not in each handshake. */
const signaturesOf = remembered(chainSignatureSchemes);

/** The issuers in a chain, as hex. */
const issuersOf = remembered((chain: readonly Uint8Array[]) =>
  chain.map((certificate) => toHex(parseCertificate(certificate).issuer.der)),
);

/**
 * Why a server has no certificate that the client could take.
 * @param suites names of those that the certificate must go with in TLS 1.2.
 */
export function noCredential(
  credentials: readonly Credential[],
  wishes: CertificateWishes,
  suites: readonly string[] = [],
): TlsError {
  if (credentials.length === 0) return new TlsError('no-usable-certificate', 'we have no certificate');
  if (presentable(credentials, wishes).length === 0) {
    return new TlsError('no-usable-certificate', 'the client lists none of the authorities of our certificates');
  }
  const schemes = namesOf(SignatureScheme, cut(wishes.schemes)).join(', ') || 'SHA-1 alone';
  const having = suites.length === 0 ? '' : ` and has ${suites.join(', ')}`;
  return new TlsError(
    'no-common-signature-scheme',
    `none of our certificates fits a client that verifies ${schemes}${having}`,
  );
}
