import type { CipherSuiteParameters } from '@handfast/key-exchange';
import {
  type ClientHello,
  type ClientHelloExtensions,
  findExtension,
  type KeyShareEntry,
  TlsError,
} from '@handfast/wire';
import type { Handshake } from '../common/handshake.ts';
import { checkCompression } from '../common/hellos.ts';
import {
  choosePskMode,
  commonCipherSuites,
  commonGroups,
  noCommonCipherSuite,
  noCommonGroup,
  offeredShares,
} from '../common/negotiation.ts';
import type { ServerConfiguration } from '../configuration.ts';
import type { Steps } from '../engine/effects.ts';
import { type ChosenPsk, choosePsk } from './psk-13.ts';
import { type Retry, requestRetry, shareAfterRetry, takeUpRetry } from './retry-13.ts';

/** What the keys of a TLS 1.3 connection are made with, and how a server gets to agree on it with the client. */
export interface Agreement {
  /** The client's hello that counts: after a HelloRetryRequest the second one. */
  readonly hello: ClientHello;
  readonly retried: boolean;
  readonly suite: CipherSuiteParameters;
  /** Undefined where certificates, ours at least, tell who is who. */
  readonly psk: ChosenPsk | undefined;
  /** Undefined for a PSK without (EC)DHE. */
  readonly clientShare: KeyShareEntry | undefined;
}

/** Chooses the cipher suite, the PSK and the group (RFC 8446 section 4.1.1). */
export function* agree(handshake: Handshake<ServerConfiguration>, firstHello: ClientHello): Steps<Agreement> {
  const { configuration } = handshake;
  checkHello(firstHello);
  const suites = commonCipherSuites(configuration, firstHello, 'tls13');
  const pskMode = choosePskMode(configuration, firstHello);
  const begun = yield* takeUpRetry(handshake, firstHello, suites);
  if (pskMode === 'psk_ke' && begun === undefined) {
    const psk = yield* choosePsk(handshake, firstHello, suites, false);
    if (psk !== undefined) {
      return { hello: firstHello, retried: false, suite: psk.suite, psk, clientShare: undefined };
    }
  }
  const { hello, clientShare, retry } = yield* agreeOnGroup(handshake, firstHello, suites, begun);
  const retried = retry !== undefined;
  const psk =
    pskMode === 'psk_dhe_ke'
      ? yield* choosePsk(handshake, hello, retried ? [retry.suite] : suites, retried)
      : undefined;
  if (psk === undefined) mustHave(hello, 'signature_algorithms');
  const suite = psk?.suite ?? retry?.suite ?? suites[0];
  if (suite === undefined) throw noCommonCipherSuite(hello);
  return { hello, retried, suite, psk, clientShare };
}

interface GroupAgreement {
  readonly hello: ClientHello;
  readonly clientShare: KeyShareEntry;
  readonly retry: Retry | undefined;
}

/** Decides the group, with a HelloRetryRequest where the client has sent no share for one that both have. */
function* agreeOnGroup(
  handshake: Handshake<ServerConfiguration>,
  firstHello: ClientHello,
  suites: readonly CipherSuiteParameters[],
  begun: Retry | undefined,
): Steps<GroupAgreement> {
  mustHave(firstHello, 'supported_groups');
  if (begun !== undefined) {
    return { hello: firstHello, clientShare: shareAfterRetry(firstHello, begun), retry: begun };
  }
  const groups = commonGroups(handshake.configuration, firstHello);
  const shares = offeredShares(firstHello);
  for (const group of groups) {
    const clientShare = shares.find((share) => share.group === group);
    if (clientShare !== undefined) return { hello: firstHello, clientShare, retry: undefined };
  }
  const [suite] = suites;
  const [group] = groups;
  if (suite === undefined) throw noCommonCipherSuite(firstHello);
  if (group === undefined) throw noCommonGroup(handshake.configuration, firstHello);
  const retry = { suite, group };
  const hello = yield* requestRetry(handshake, firstHello, retry);
  checkHello(hello);
  return { hello, clientShare: shareAfterRetry(hello, retry), retry };
}

/** What a ClientHello must have in any case (RFC 8446 sections 4.1.2, 4.2.9 and 9.2). */
function checkHello(hello: ClientHello): void {
  checkCompression(hello, 'tls13');
  if (has(hello, 'supported_groups')) mustHave(hello, 'key_share');
  if (has(hello, 'key_share')) mustHave(hello, 'supported_groups');
  if (has(hello, 'pre_shared_key')) {
    mustHave(hello, 'psk_key_exchange_modes');
  } else {
    mustHave(hello, 'supported_groups');
    mustHave(hello, 'signature_algorithms');
  }
}

function mustHave(hello: ClientHello, name: keyof ClientHelloExtensions): void {
  if (has(hello, name)) return;
  throw new TlsError('missing-extension', `this ClientHello of TLS 1.3 needs ${name}`, { step: 'ClientHello' });
}

function has({ extensions }: ClientHello, name: keyof ClientHelloExtensions): boolean {
  return findExtension(extensions, name) !== undefined;
}
