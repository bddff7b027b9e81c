import { type CipherSuiteParameters, cipherSuite } from '@handfast/key-exchange';
import {
  CipherSuite,
  type ClientHello,
  findExtension,
  type KeyShareEntry,
  type MessageVersion,
  NamedGroup,
  nameOf,
  PskKeyExchangeMode,
  TlsError,
} from '@handfast/wire';
import { type Configuration, type ServerConfiguration, versionsOf } from '../configuration.ts';
import { cut, namesOf, protocolNameBytes, protocolNames, versionCode } from './hellos.ts';

/** The choices that a server makes, each a function of what the client offers and what the server is configured with. */

export function chooseVersion(configuration: ServerConfiguration, hello: ClientHello): MessageVersion {
  const ours = versionsOf(configuration);
  const offered = offeredVersions(hello);
  const chosen = ours.find((version) => offered.includes(versionCode[version]));
  if (chosen === undefined) {
    const names = ours.map((version) => versionText(versionCode[version])).join(', ');
    throw new TlsError(
      'no-common-version',
      `the client offers ${offered.map(versionText).join(', ') || 'no version'}; we speak ${names}`,
    );
  }
  // RFC 7507 section 3: the client has tried more before, and somebody made it fail.
  if (chosen !== ours[0] && hello.cipherSuites.includes(CipherSuite.TLS_FALLBACK_SCSV)) {
    throw new TlsError('inappropriate-fallback', `the client fell back to ${versionText(versionCode[chosen])}`);
  }
  return chosen;
}

function offeredVersions(hello: ClientHello): readonly number[] {
  // RFC 8446 appendix D.5: SSL 3.0 in legacy_version ends the handshake, whatever else is offered.
  if (hello.legacyVersion <= ssl30) return [hello.legacyVersion];
  return findExtension(hello.extensions, 'supported_versions') ?? versionsUpTo(hello.legacyVersion);
}

const ssl30 = 0x0300;

/** Without supported_versions, a client speaks everything up to legacy_version, and never TLS 1.3 (RFC 8446 section 4.2.1). */
function versionsUpTo(legacyVersion: number): readonly number[] {
  return legacyVersion >= versionCode.tls12 ? [versionCode.tls12] : [legacyVersion];
}

export function versionText(code: number): string {
  const minor = code - 0x0301;
  return minor >= 0 && minor <= 3 ? `TLS 1.${minor}` : `0x${code.toString(16).padStart(4, '0')}`;
}

/** Our suites of that version which the client offers too, in our order. */
export function commonCipherSuites(
  configuration: Configuration,
  hello: ClientHello,
  version: MessageVersion,
): readonly CipherSuiteParameters[] {
  return configuration.cipherSuites.flatMap((code) => {
    const suite = cipherSuite(code);
    return suite?.version === version && hello.cipherSuites.includes(code) ? [suite] : [];
  });
}

/** Our groups that the client supports, in our order. */
export function commonGroups(configuration: Configuration, hello: ClientHello): readonly number[] {
  const offered = findExtension(hello.extensions, 'supported_groups') ?? [];
  return configuration.groups.filter((group) => offered.includes(group));
}

/** The client's key shares; each must be for a group that it lists, and for one only once (RFC 8446 section 4.2.8). */
export function offeredShares(hello: ClientHello): readonly KeyShareEntry[] {
  // A set, for both lists may be long.
  const groupsLeft = new Set(findExtension(hello.extensions, 'supported_groups'));
  const shares = findExtension(hello.extensions, 'key_share') ?? [];
  for (const { group } of shares) {
    if (!groupsLeft.delete(group)) {
      throw new TlsError(
        'illegal-parameter',
        `a key share for ${nameOf(NamedGroup, group)} is there twice, or not in supported_groups`,
        { step: 'ClientHello' },
      );
    }
  }
  return shares;
}

/** The application protocol (RFC 7301 section 3.2): our preference; none where either side does not use ALPN. */
export function chooseApplicationProtocol(configuration: ServerConfiguration, hello: ClientHello): string | undefined {
  const offered = findExtension(hello.extensions, 'application_layer_protocol_negotiation');
  if (offered === undefined || configuration.applicationProtocols.length === 0) return undefined;
  const chosen = ourProtocol(configuration, offered);
  if (chosen === undefined) {
    throw new TlsError(
      'no-common-application-protocol',
      `the client offers ${protocolNames(cut(offered)).join(', ')}; we have ${configuration.applicationProtocols.join(', ')}`,
    );
  }
  return chosen;
}

/** The first of our application protocols that is among `names`, byte by byte (RFC 7301 section 6). */
export function ourProtocol(
  { applicationProtocols, crypto }: Configuration,
  names: readonly Uint8Array[],
): string | undefined {
  return applicationProtocols.find((own) => {
    const bytes = protocolNameBytes(own);
    return names.some((name) => crypto.equal(name, bytes));
  });
}

/**
 * How a PSK may be used with this client (RFC 8446 section 4.2.9): with (EC)DHE, where that can be; undefined: not at all.
 */
export function choosePskMode(
  configuration: ServerConfiguration,
  hello: ClientHello,
): 'psk_dhe_ke' | 'psk_ke' | undefined {
  const offered = findExtension(hello.extensions, 'psk_key_exchange_modes') ?? [];
  const isCommon = (mode: number) => offered.includes(mode) && configuration.pskKeyExchangeModes.includes(mode);
  if (isCommon(PskKeyExchangeMode.psk_dhe_ke) && commonGroups(configuration, hello).length > 0) return 'psk_dhe_ke';
  return isCommon(PskKeyExchangeMode.psk_ke) ? 'psk_ke' : undefined;
}

/** Why no cipher suite could be chosen. */
export function noCommonCipherSuite(hello: ClientHello): TlsError {
  const offered = namesOf(CipherSuite, cut(hello.cipherSuites));
  return new TlsError('no-common-cipher-suite', `the client offers ${offered.join(', ')}`);
}

/** Why no group could be chosen. */
export function noCommonGroup(configuration: Configuration, hello: ClientHello): TlsError {
  const offered = namesOf(NamedGroup, cut(findExtension(hello.extensions, 'supported_groups') ?? []));
  const ours = namesOf(NamedGroup, cut(configuration.groups));
  return new TlsError(
    'no-common-group',
    `the client offers ${offered.join(', ') || 'none'}; we have ${ours.join(', ')}`,
  );
}
