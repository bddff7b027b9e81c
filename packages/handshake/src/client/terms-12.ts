import { cipherSuite } from '@handfast/key-exchange';
import { CipherSuite, findExtension, nameOf, type ServerHello, TlsError } from '@handfast/wire';
import type { Handshake } from '../common/handshake.ts';
import { checkPointFormats } from '../common/hellos.ts';
import type { ClientSession } from '../common/session-state.ts';
import type { Terms12 } from '../common/terms-12.ts';
import type { ClientConfiguration } from '../configuration.ts';
import type { Offer } from './offer.ts';
import { offeredProtocol } from './server-answer.ts';

const step = 'ServerHello';

/** What a TLS 1.2 ServerHello settles, beyond what any ServerHello is checked for. */
export function clientTerms12(
  { configuration }: Handshake<ClientConfiguration>,
  { hello }: Offer,
  { cipherSuite: code, random, extensions }: ServerHello,
): Terms12 {
  const suite = cipherSuite(code);
  if (suite?.version !== 'tls12') {
    throw new TlsError('illegal-parameter', `${nameOf(CipherSuite, code)} is no TLS 1.2 cipher suite`, { step });
  }
  // What we offered for TLS 1.3 alone must not be taken up (RFC 8446 section 4.2).
  if (findExtension(extensions, 'key_share') !== undefined) {
    throw new TlsError('misplaced-extension', 'key_share does not belong into a TLS 1.2 ServerHello', { step });
  }
  checkRenegotiation(findExtension(extensions, 'renegotiation_info'));
  checkPointFormats(findExtension(extensions, 'ec_point_formats'), step);
  const protocol = findExtension(extensions, 'application_layer_protocol_negotiation');
  return {
    suite,
    clientRandom: hello.random,
    serverRandom: random,
    applicationProtocol: protocol && offeredProtocol(configuration, protocol, step),
    extendedMasterSecret: findExtension(extensions, 'extended_master_secret') !== undefined,
    encryptThenMac: suite.protection.kind === 'cbc' && findExtension(extensions, 'encrypt_then_mac') !== undefined,
  };
}

/** We never renegotiate, but a server that cannot say so is open to an attacker's prefix (RFC 5746 sections 3.4 and 4.1). */
function checkRenegotiation(info: Uint8Array | undefined): void {
  if (info?.length === 0) return;
  throw new TlsError(
    'secure-renegotiation-mismatch',
    info === undefined
      ? 'the server does not support secure renegotiation (RFC 5746)'
      : 'renegotiation_info of a first ServerHello must be empty',
    { step },
  );
}

/**
 * The session that the server resumes; it says so by the echo of our session ID (RFC 5077 section 3.4), which it chooses
 * otherwise. Both sides must know the session as the same (RFC 5246 section 7.4.1.3, RFC 7627 section 5.3).
 */
export function resumedSession12(
  { crypto }: Handshake,
  { hello, session12: session }: Offer,
  serverHello: ServerHello,
  { suite, extendedMasterSecret }: Terms12,
): ClientSession | undefined {
  const sent = hello.legacySessionId;
  if (sent.length === 0 || !crypto.equal(sent, serverHello.legacySessionIdEcho)) return undefined;
  if (session === undefined) {
    // RFC 8446 appendix D.4: the ID is there for middleboxes alone.
    throw new TlsError('illegal-parameter', 'the server resumes a session that there never was', { step });
  }
  if (session.cipherSuite !== suite.code) {
    throw new TlsError('illegal-parameter', `the server resumes the session with another suite, ${suite.name}`, {
      step,
    });
  }
  if (session.extendedMasterSecret !== extendedMasterSecret) {
    const [was, is] = extendedMasterSecret ? ['without', 'with'] : ['with', 'without'];
    throw new TlsError(
      'extended-master-secret-missing',
      `the server resumes a session ${was} the extended master secret ${is} it (RFC 7627 section 5.3)`,
      { step },
    );
  }
  return session;
}
