import { decodePem, LocalCertificateValidator } from '@handfast/certificates';
import { nativeCrypto } from '@handfast/crypto/native';
import type { Ports } from '@handfast/handshake';
import { LocalKeyExchange } from '@handfast/key-exchange';
import { LocalSessionManager, type SessionManager } from '@handfast/sessions';
import {
  CipherSuite,
  type CipherSuiteName,
  type MessageVersion,
  NamedGroup,
  type NamedGroupName,
  TlsError,
} from '@handfast/wire';
import { certificateCompression } from './certificate-compression.ts';
import { keysOf, type LoadedCredential, loadCredential, type PemCredential } from './credentials.ts';
import { defaultTimeouts, now, type TransportOptions } from './transport.ts';

/** What `connect` and `createServer` have in common; names and meaning as in node:tls where it has them. */
export interface CommonOptions {
  /** PEM of our chain, the end entity first, and of its key. */
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  /** More chains and keys, to choose from by server name and by what the peer can verify. */
  readonly credentials?: readonly PemCredential[] | undefined;
  /** PEM of the trust anchors that the peer's chain must lead to. */
  readonly ca?: string | readonly string[] | undefined;
  readonly ALPNProtocols?: readonly string[] | undefined;
  readonly minVersion?: 'TLSv1.2' | 'TLSv1.3' | undefined;
  readonly maxVersion?: 'TLSv1.2' | 'TLSv1.3' | undefined;
  /** Names of CipherSuite and NamedGroup, in order of preference. Legacy suites are used only where they are named here. */
  readonly cipherSuites?: readonly CipherSuiteName[] | undefined;
  readonly groups?: readonly NamedGroupName[] | undefined;
  /**
   * Where sessions are kept, so that later connections resume them. Give one to all connections that have the same `ca`,
   * certificates and policy, and to no others: who resumes a session trusts what was found when it began, unless
   * `resumedPeer` says otherwise.
   */
  readonly sessions?: SessionManager | undefined;
  /** `validated` judges the chain of a resumed session's peer again, by the `ca` and the date of now; `trusted` by default. */
  readonly resumedPeer?: 'trusted' | 'validated' | undefined;
  /** Milliseconds; 30 seconds by default. */
  readonly handshakeTimeout?: number | undefined;
}

const versionOf = { 'TLSv1.2': 'tls12', 'TLSv1.3': 'tls13' } as const satisfies Record<string, MessageVersion>;

/** The part of a configuration that both roles share. */
export function commonConfiguration(options: CommonOptions, credentials: readonly LoadedCredential[]) {
  return {
    crypto: nativeCrypto,
    credentials: credentials.map(({ credential }) => credential),
    applicationProtocols: options.ALPNProtocols ?? [],
    minVersion: versionOf[options.minVersion ?? 'TLSv1.2'],
    maxVersion: versionOf[options.maxVersion ?? 'TLSv1.3'],
    certificateCompression,
    resumedPeer: options.resumedPeer ?? 'trusted',
    ...(options.cipherSuites && { cipherSuites: options.cipherSuites.map((name) => CipherSuite[name]) }),
    ...(options.groups && { groups: options.groups.map((name) => NamedGroup[name]) }),
  };
}

export function loadCredentials({ cert, key, credentials = [] }: CommonOptions): readonly LoadedCredential[] {
  return [...ownCredential(cert, key), ...credentials].map(loadCredential);
}

function ownCredential(cert: string | undefined, key: string | undefined): readonly PemCredential[] {
  if (cert !== undefined && key !== undefined) return [{ cert, key }];
  if (cert !== undefined) throw new TlsError('configuration-invalid', 'there is a certificate without its key');
  if (key !== undefined) throw new TlsError('configuration-invalid', 'there is a key without its certificate');
  return [];
}

/** Ports that answer in this process: all of the handshake's work is done here. */
export function localPorts(
  credentials: readonly LoadedCredential[],
  anchors: readonly Uint8Array[],
  sessions: SessionManager = new LocalSessionManager({ crypto: nativeCrypto, now }),
): Ports & { readonly certificates: LocalCertificateValidator } {
  return {
    keyExchange: new LocalKeyExchange({ crypto: nativeCrypto, keys: keysOf(credentials) }),
    certificates: new LocalCertificateValidator({
      crypto: nativeCrypto,
      anchors,
      credentials: credentials.map(({ credential }) => credential),
    }),
    sessions,
  };
}

/** @throws TlsError `configuration-invalid`, also for a text without certificates: with it, nobody would be trusted. */
export function decodeAnchors(ca: string | readonly string[]): readonly Uint8Array[] {
  return [ca].flat().flatMap((pem) => {
    const anchors = decodePem(pem, 'CERTIFICATE');
    if (anchors.length === 0)
      throw new TlsError('configuration-invalid', 'a trust anchor file has no CERTIFICATE in it');
    return anchors;
  });
}

export function transportOptions(ports: Ports, options: CommonOptions): TransportOptions {
  return { ports, ...defaultTimeouts, handshakeTimeout: options.handshakeTimeout ?? defaultTimeouts.handshakeTimeout };
}
