import type { Credential } from '@handfast/certificates';
import type { CryptoProvider } from '@handfast/crypto';
import { cipherSuite, cipherSuites, defaultGroups, defaultSignatureSchemes } from '@handfast/key-exchange';
import { CipherSuite, type MessageVersion, NamedGroup, nameOf, TlsError } from '@handfast/wire';
import { protocolNameBytes } from './hellos.ts';

/** What both ends of a connection are configured with. Lists are in order of preference. */
interface CommonConfiguration {
  readonly crypto: CryptoProvider;
  /** Lowest and highest version to speak. */
  readonly minVersion: MessageVersion;
  readonly maxVersion: MessageVersion;
  /** CipherSuite code points. */
  readonly cipherSuites: readonly number[];
  /** NamedGroup code points. */
  readonly groups: readonly number[];
  /** SignatureScheme code points that we verify. */
  readonly signatureSchemes: readonly number[];
  /** ALPN protocol names. Empty: the extension is not used. */
  readonly applicationProtocols: readonly string[];
  /** The chains that we may present, in order of preference. */
  readonly credentials: readonly Credential[];
}

export interface ServerConfiguration extends CommonConfiguration {
  readonly role: 'server';
  /** `optional` asks for a client certificate and serves a client without one; a bad one is refused all the same. */
  readonly clientAuthentication: 'none' | 'optional' | 'required';
  /** Distinguished names (DER) for CertificateRequest. */
  readonly authorities: readonly Uint8Array[];
}

export interface ClientConfiguration extends CommonConfiguration {
  readonly role: 'client';
  /** DNS name or IP address that the server must prove; also sent as server_name where it is a DNS name. */
  readonly serverName: string;
  /** `reported` goes on with a server whose chain is not trusted, and reports the verdict; signatures are checked all the same. */
  readonly serverVerification: 'required' | 'reported';
}

export type Configuration = ServerConfiguration | ClientConfiguration;

type Optional<T, Required extends keyof T> = Partial<Omit<T, Required>> & Pick<T, Required>;

/** A server's configuration: what is given, and safe defaults for the rest. Throws TlsError `configuration-invalid`. */
export function serverConfiguration(
  given: Optional<Omit<ServerConfiguration, 'role'>, 'crypto' | 'credentials'>,
): ServerConfiguration {
  return checked({
    clientAuthentication: 'none',
    authorities: [],
    ...defaults(given.crypto),
    ...given,
    role: 'server',
  });
}

/** A client's configuration: what is given, and safe defaults for the rest. Throws TlsError `configuration-invalid`. */
export function clientConfiguration(
  given: Optional<Omit<ClientConfiguration, 'role'>, 'crypto' | 'serverName'>,
): ClientConfiguration {
  return checked({
    serverVerification: 'required',
    credentials: [],
    ...defaults(given.crypto),
    ...given,
    role: 'client',
  });
}

function defaults(crypto: CryptoProvider) {
  return {
    minVersion: 'tls12',
    maxVersion: 'tls13',
    cipherSuites: cipherSuites.map((suite) => suite.code),
    groups: defaultGroups.filter((group) => crypto.groups.includes(group)),
    signatureSchemes: defaultSignatureSchemes,
    applicationProtocols: [],
  } as const;
}

function checked<C extends Configuration>(configuration: C): C {
  const { cipherSuites: suites, groups, crypto, minVersion, maxVersion } = configuration;
  for (const code of suites) {
    if (cipherSuite(code) === undefined) invalid(`cipher suite ${nameOf(CipherSuite, code)} is not implemented`);
  }
  for (const group of groups) {
    if (!crypto.groups.includes(group)) {
      invalid(`group ${nameOf(NamedGroup, group)} is not available from the ${crypto.name} crypto provider`);
    }
  }
  if (groups.length === 0) invalid('no group is left to exchange keys with');
  if (minVersion === 'tls13' && maxVersion === 'tls12') invalid('the lowest version is above the highest');
  if (versionsOf(configuration).length === 0) invalid('no cipher suite is left for the versions that are enabled');
  for (const name of configuration.applicationProtocols) {
    const { length } = protocolNameBytes(name);
    if (length === 0 || length > 255) invalid('an ALPN protocol name has 1 to 255 bytes');
  }
  if (configuration.role === 'client' && !/^[!-~]{1,255}$/.test(configuration.serverName)) {
    invalid('the server name has 1 to 255 characters of ASCII; an internationalised one is given by its A-labels');
  }
  return configuration;
}

function invalid(detail: string): never {
  throw new TlsError('configuration-invalid', detail);
}

/** The versions that are enabled and have a cipher suite, highest first. */
export function versionsOf(configuration: Configuration): readonly MessageVersion[] {
  const { minVersion, maxVersion } = configuration;
  return (['tls13', 'tls12'] as const).filter(
    (version) =>
      version >= minVersion &&
      version <= maxVersion &&
      configuration.cipherSuites.some((code) => cipherSuite(code)?.version === version),
  );
}
