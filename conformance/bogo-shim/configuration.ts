import { nativeCrypto } from '@handfast/crypto/native';
import {
  type ClientConfiguration,
  clientConfiguration,
  type ServerConfiguration,
  serverConfiguration,
} from '@handfast/handshake';
import { cipherSuite, signatureSchemes } from '@handfast/key-exchange';
import { CipherSuite, type MessageVersion } from '@handfast/wire';
import { type Settings, Unimplemented } from './arguments.ts';
import { certificateCompressionOf } from './certificate-compression.ts';
import { credentialOf } from './credentials.ts';
import { defaultGroups, defaultVerifySchemes, tls12Suites, tls13Suites } from './defaults.ts';
import { policyOf } from './policies.ts';

/** The configuration that the runner wants for one connection. */
export function configurationOf(settings: Settings): ClientConfiguration | ServerConfiguration {
  const common = {
    crypto: nativeCrypto,
    ...versionsOf(settings),
    ...policyOf(settings, {
      cipherSuites: cipherSuitesOf(settings['-cipher']),
      groups: groupsOf(settings['-curves']),
      signatureSchemes: signatureSchemesOf(settings['-verify-prefs']),
      credentials: settings.credentials.map(credentialOf),
    }),
    certificateCompression: certificateCompressionOf(settings),
    resumedPeer: settings['-reverify-on-resume'] ? 'validated' : 'trusted',
  } as const;
  if (settings['-server'] && settings['-fail-ocsp-callback']) throw new Unimplemented("a server's OCSP callback");
  return settings['-server']
    ? serverConfiguration({
        ...common,
        applicationProtocols: selected(settings),
        clientAuthentication: clientAuthenticationOf(settings),
        authorities: authoritiesOf(settings['-use-client-ca-list']),
        maxEarlyData: settings['-enable-early-data'] ? maxEarlyData : 0,
        // What is left is session IDs, in TLS 1.2.
        ...(settings['-no-ticket'] && { ticketCount: 0, pskKeyExchangeModes: [] }),
      })
    : clientConfiguration({
        ...common,
        // An address is not sent; the runner's certificates are not for any name, so that none is checked (VerifyCallback).
        serverName: settings['-host-name'] ?? '127.0.0.1',
        applicationProtocols: protocolList(settings['-advertise-alpn']),
        // Without -verify-peer, a server that is refused all the same is one to go on with.
        serverVerification: settings['-verify-fail'] && !settings['-verify-peer'] ? 'reported' : 'required',
        sessionsWith: 'the runner',
        resumption: settings['-no-ticket'] ? 'off' : 'on',
        earlyData: settings['-enable-early-data'] ? 'offered' : 'off',
        grease: settings['-enable-grease'] ? 'on' : 'off',
        certificateStatus: settings['-enable-ocsp-stapling'] ? 'requested' : 'off',
        signedCertificateTimestamps: settings['-enable-signed-cert-timestamps'] ? 'requested' : 'off',
        fallback: settings['-fallback-scsv'] ? 'yes' : 'no',
      });
}

/** As BoringSSL's: the runner sends more, to see it refused. */
const maxEarlyData = 14336;

const versions = [
  { version: 'tls12', code: 0x0303, exclusion: '-no-tls12' },
  { version: 'tls13', code: 0x0304, exclusion: '-no-tls13' },
] as const;

function versionsOf(settings: Settings): { readonly minVersion: MessageVersion; readonly maxVersion: MessageVersion } {
  const { '-min-version': lowest = 0, '-max-version': highest = Number.POSITIVE_INFINITY } = settings;
  const left = versions.filter(({ code, exclusion }) => code >= lowest && code <= highest && !settings[exclusion]);
  const [first, last] = [left[0], left.at(-1)];
  if (first === undefined || last === undefined) throw new Unimplemented('versions below TLS 1.2');
  return { minVersion: first.version, maxVersion: last.version };
}

/** OpenSSL's cipher list speaks of TLS 1.2 alone. Of its language, plain lists of names are understood. */
function cipherSuitesOf(list: string | undefined): readonly number[] {
  return [...tls13Suites, ...(list === undefined ? tls12Suites : list.split(':').map(suiteNamed))];
}

function suiteNamed(name: string): number {
  const code: number | undefined = Reflect.get(CipherSuite, name);
  if (code === undefined || cipherSuite(code) === undefined) throw new Unimplemented(`-cipher ${name}`);
  return code;
}

function groupsOf(curves: readonly number[]): readonly number[] {
  const missing = curves.find((group) => !nativeCrypto.groups.includes(group));
  if (missing !== undefined) throw new Unimplemented(`-curves ${missing}`);
  return curves.length === 0 ? defaultGroups.filter((group) => nativeCrypto.groups.includes(group)) : curves;
}

function signatureSchemesOf(preferences: readonly number[]): readonly number[] {
  const missing = preferences.find((code) => !signatureSchemes.some((scheme) => scheme.code === code));
  if (missing !== undefined) throw new Unimplemented(`-verify-prefs ${missing}`);
  return preferences.length === 0 ? defaultVerifySchemes : preferences;
}

function clientAuthenticationOf(settings: Settings): ServerConfiguration['clientAuthentication'] {
  // As in the reference shim, -verify-peer takes the place of the other.
  if (settings['-verify-peer']) return settings['-require-any-client-certificate'] ? 'required' : 'optional';
  return settings['-require-any-client-certificate'] ? 'required' : 'none';
}

/** Distinguished names in hex, separated by commas; or one of two ways to say that there are none. */
function authoritiesOf(list: string | undefined): readonly Uint8Array[] {
  if (list === undefined || list === '<NULL>' || list === '<EMPTY>') return [];
  return list.split(',').map((hex) => new Uint8Array(Buffer.from(hex, 'hex')));
}

function selected(settings: Settings): readonly string[] {
  // A protocol that nobody offers is one that is refused.
  if (settings['-reject-alpn']) return ['none of them'];
  const protocol = settings['-select-alpn'] ?? '';
  return protocol === '' ? [] : [protocol];
}

/** A list as ALPN has it on the wire (RFC 7301 section 3.1): each name after a byte with its length. */
export function protocolList(text: string | undefined): readonly string[] {
  const names: string[] = [];
  for (let rest = text ?? ''; rest !== ''; ) {
    const length = rest.charCodeAt(0);
    names.push(rest.slice(1, 1 + length));
    rest = rest.slice(1 + length);
  }
  return names;
}
