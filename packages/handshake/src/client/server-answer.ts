import {
  CipherSuite,
  type ClientHello,
  type ClientHelloExtensions,
  type Extension,
  ExtensionType,
  findExtension,
  type HelloRetryRequest,
  type MessageVersion,
  nameOf,
  type ServerHello,
  TlsError,
} from '@handfast/wire';
import { downgradeSentinel, endsWith, versionCode } from '../common/hellos.ts';
import { ourProtocol, versionText } from '../common/negotiation.ts';
import { type ClientConfiguration, versionsOf } from '../configuration.ts';

/** What a client checks of a server's choices, in either version. */

/** The version that the server chose, which must be one that we offered and no disguised downgrade (RFC 8446 section 4.1.3). */
export function versionChosen(
  configuration: ClientConfiguration,
  hello: ClientHello,
  answer: ServerHello | HelloRetryRequest,
): MessageVersion {
  const step = answer.type;
  const version = selectedVersion(answer) === undefined ? 'tls12' : 'tls13';
  const enabled = versionsOf(configuration);
  if (version === 'tls13') {
    // RFC 8446 section 4.2.1: only with TLS 1.3 does supported_versions belong into an answer.
    const selected = selectedVersion(answer);
    if (selected !== versionCode.tls13 || !enabled.includes('tls13') || answer.legacyVersion !== versionCode.tls12) {
      throw new TlsError('illegal-parameter', 'supported_versions names a version that we did not offer', { step });
    }
  } else if (answer.legacyVersion !== versionCode.tls12 || !enabled.includes('tls12')) {
    const name = versionText(answer.legacyVersion);
    throw new TlsError('no-common-version', `the server chose ${name}, which we did not offer`, { step });
  } else if (answer.type === 'HelloRetryRequest') {
    throw new TlsError('unexpected-message', 'a HelloRetryRequest belongs to TLS 1.3', { step });
  } else if (enabled.includes('tls13') && isDowngrade(answer)) {
    throw new TlsError('downgrade-detected', 'the server speaks TLS 1.3, but somebody made it choose less', { step });
  }
  checkChoice(configuration, hello, answer, version);
  return version;
}

function isDowngrade({ random }: ServerHello): boolean {
  return endsWith(random, downgradeSentinel.tls12) || endsWith(random, downgradeSentinel.older);
}

function selectedVersion(answer: ServerHello | HelloRetryRequest): number | undefined {
  return answer.type === 'ServerHello'
    ? findExtension(answer.extensions, 'supported_versions')
    : findExtension(answer.extensions, 'supported_versions');
}

/** What any ServerHello must keep to, whatever the version. */
function checkChoice(
  configuration: ClientConfiguration,
  hello: ClientHello,
  answer: ServerHello | HelloRetryRequest,
  version: MessageVersion,
): void {
  const step = answer.type;
  // Our own list: what the hello has beside it is no cipher suite.
  if (!configuration.cipherSuites.includes(answer.cipherSuite)) {
    throw new TlsError(
      'illegal-parameter',
      `the server chose ${nameOf(CipherSuite, answer.cipherSuite)}, which we did not offer`,
      { step },
    );
  }
  if (answer.legacyCompressionMethod !== 0) {
    throw new TlsError('illegal-parameter', 'the server chose compression', { step });
  }
  // Some servers of TLS 1.2 send supported_groups too; there it means nothing.
  const isStray = ({ name, type }: { readonly name: string; readonly type?: number }) =>
    version === 'tls12' && name === 'unknown' && type === ExtensionType.supported_groups;
  const extensions = (answer.extensions as readonly Extension<unknown>[]).filter((extension) => !isStray(extension));
  checkAnswered(hello.extensions, extensions, step, step === 'HelloRetryRequest' ? ['cookie'] : []);
}

/**
 * An answer may only carry extensions that we sent (RFC 8446 section 4.2, RFC 5246 section 7.4.1.4), but for those in
 * `unasked`; and only those that belong in that message, which are the ones that its decoder knows.
 */
export function checkAnswered(
  sent: readonly Extension<ClientHelloExtensions>[],
  received: readonly { readonly name: string; readonly type?: number }[],
  step: 'ServerHello' | 'HelloRetryRequest' | 'EncryptedExtensions' | 'Certificate',
  unasked: readonly string[] = [],
): void {
  for (const extension of received) {
    if (extension.name === 'unknown') {
      const code = extension.type ?? -1;
      const known = sent.some(({ name }) => name !== 'unknown' && ExtensionType[name] === code);
      throw new TlsError(
        known ? 'misplaced-extension' : 'unsolicited-extension',
        `${nameOf(ExtensionType, code)} ${known ? `does not belong into ${step}` : 'is an answer to nothing that we sent'}`,
        { step },
      );
    }
    if (!unasked.includes(extension.name) && !sent.some(({ name }) => name === extension.name)) {
      throw new TlsError('unsolicited-extension', `${extension.name} is an answer to nothing that we sent`, { step });
    }
  }
}

/** The ALPN name that the server chose, which must be one of ours (RFC 7301 section 3.1). */
export function offeredProtocol(
  configuration: ClientConfiguration,
  chosen: Uint8Array,
  step: 'EncryptedExtensions' | 'ServerHello',
): string {
  const name = ourProtocol(configuration, [chosen]);
  if (name === undefined) {
    throw new TlsError('illegal-parameter', 'the server chose an application protocol that we did not offer', { step });
  }
  return name;
}

/** legacy_session_id_echo of TLS 1.3 (RFC 8446 section 4.1.3). */
export function checkSessionIdEcho(hello: ClientHello, answer: ServerHello | HelloRetryRequest): void {
  const sent = hello.legacySessionId;
  const echo = answer.legacySessionIdEcho;
  if (sent.length !== echo.length || sent.some((byte, index) => byte !== echo[index])) {
    throw new TlsError('illegal-parameter', 'legacy_session_id_echo is not what we sent', { step: answer.type });
  }
}
