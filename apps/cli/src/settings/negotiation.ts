import { nativeCrypto } from '@handfast/crypto/native';
import { type Configuration, serverConfiguration } from '@handfast/handshake';
import type { MessageVersion } from '@handfast/wire';
import type { TlsFlags, Version } from '../flags/tls.ts';
import { cipherSuiteCodes, groupCodes } from './names.ts';

/** What the flags say of the negotiation; lists that are not given are left to the defaults. */
export type Negotiation = Pick<Configuration, 'minVersion' | 'maxVersion' | 'applicationProtocols'> &
  Partial<Pick<Configuration, 'cipherSuites' | 'groups'>>;

const versionOf = { '1.2': 'tls12', '1.3': 'tls13' } as const satisfies Record<Version, MessageVersion>;

/** @throws UsageError, or TlsError `configuration-invalid` for flags that leave nothing to negotiate. */
export function negotiationOf(flags: TlsFlags): Negotiation {
  const negotiation: Negotiation = {
    minVersion: versionOf[flags.minVersion],
    maxVersion: versionOf[flags.maxVersion],
    applicationProtocols: flags.alpn ?? [],
    ...(flags.ciphers === undefined ? {} : { cipherSuites: cipherSuiteCodes(flags.ciphers) }),
    ...(flags.groups === undefined ? {} : { groups: groupCodes(flags.groups) }),
  };
  // Checked here already: the gateway would first wait for its services.
  serverConfiguration({ crypto: nativeCrypto, credentials: [], ...negotiation });
  return negotiation;
}
