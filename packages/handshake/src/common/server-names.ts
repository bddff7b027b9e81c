import type { Credential } from '@handfast/certificates';
import { type ClientHello, findExtension, TlsError } from '@handfast/wire';
import type { Configuration, ServerConfiguration } from '../configuration.ts';
import { isIpLiteral } from './hellos.ts';
import { remembered } from './remembered.ts';

/** Which of our certificates are for the name that a client asks for (RFC 6066 section 3). */

/**
 * How a credential has that name: as it is, by a wildcard in the place of its left-most label (RFC 9525 section 6.3), or
 * not at all. An address is no name that a client may ask for, and so nobody gets a certificate by one.
 */
export function nameMatch({ names }: Credential, serverName: string): 'exact' | 'wildcard' | undefined {
  if (isIpLiteral(serverName)) return undefined;
  const own = lowerCase(names);
  const wanted = serverName.toLowerCase();
  if (own.has(wanted)) return 'exact';
  const dot = wanted.indexOf('.');
  return dot > 0 && own.has(`*${wanted.slice(dot)}`) ? 'wildcard' : undefined;
}

/** Names are compared without case, and those of our own are put so once. */
const lowerCase = remembered(
  (names: readonly string[]): ReadonlySet<string> => new Set(names.map((name) => name.toLowerCase())),
);

/** Whether one of our certificates has that name. */
export function hasCertificateFor({ credentials }: Configuration, serverName: string): boolean {
  return credentials.some((credential) => nameMatch(credential, serverName) !== undefined);
}

/** RFC 6066 section 3: what a server does with a name that it does not know is its own affair. */
export function checkServerName(configuration: ServerConfiguration, hello: ClientHello): void {
  if (configuration.unknownServerName === 'served') return;
  const serverName = findExtension(hello.extensions, 'server_name');
  if (serverName === undefined || hasCertificateFor(configuration, serverName)) return;
  throw new TlsError('no-certificate-for-name', `none of our certificates is for ${serverName}`);
}
