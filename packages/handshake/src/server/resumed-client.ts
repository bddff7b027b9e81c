import { parseCertificate } from '@handfast/certificates';
import { toHex } from '@handfast/wire';
import type { SessionState } from '../common/session-state.ts';
import type { ServerConfiguration } from '../configuration.ts';

/**
 * Whether the client of a session is as this server wants its clients to be today: the session may be of another server
 * with the same ticket keys, or older than our configuration. If not, a full handshake finds out.
 */
export function isWelcome(configuration: ServerConfiguration, session: SessionState): boolean {
  switch (configuration.clientAuthentication) {
    case 'required':
      return session.peer !== undefined && isVouchedFor(configuration, session.peer);
    case 'optional':
      return session.peer === undefined || isVouchedFor(configuration, session.peer);
    // Who does not ask for certificates is not told of one that somebody else has found trusted.
    case 'none':
      return session.peer === undefined;
  }
}

/** Whether what was found trusted goes back to an authority that we would accept now. */
function isVouchedFor({ authorities }: ServerConfiguration, { verdict }: NonNullable<SessionState['peer']>): boolean {
  if (!verdict.trusted) return false;
  if (authorities.length === 0) return true;
  const accepted = new Set(authorities.map(toHex));
  return verdict.path.some((certificate) => accepted.has(toHex(parseCertificate(certificate).subject.der)));
}
