import { readFileSync } from 'node:fs';
import { decodePem } from '@handfast/certificates';
import type { Negotiated, OpenConnection, Timeline } from '@handfast/handshake';
import { CipherSuite, NamedGroup, nameOf, SignatureScheme } from '@handfast/wire';
import type { Settings } from './arguments.ts';
import { credentialOf, timestampsOf } from './credentials.ts';

/**
 * Compares a handshake that is done with what the runner expects of it.
 * @param resuming whether it is not the first connection.
 * @throws Error that says what differs.
 */
export function checkHandshake(settings: Settings, resuming: boolean, timeline: Timeline, open: OpenConnection): void {
  const { negotiated } = timeline;
  const resumed = negotiated.resumption === 'resumed';
  expectEqual('resumed', resuming && !settings['-expect-session-miss'], resumed);
  expectEqual('version', settings['-expect-version'], open.version === 'tls13' ? 0x0304 : 0x0303);
  const { '-expect-cipher': cipher, '-expect-cipher-aes': withAes } = settings;
  expectEqual('cipher suite', nameIn(CipherSuite, cipher ?? withAes), negotiated.cipherSuite);
  if (!resumed) checkFullHandshake(settings, timeline, open);
  const retried = negotiated.helloRetried === true;
  expectEqual('HelloRetryRequest', either(settings['-expect-hrr'], settings['-expect-no-hrr']), retried);
  if (settings['-expect-extended-master-secret']) {
    expectEqual('extended master secret', true, open.version === 'tls13' || negotiated.extendedMasterSecret === true);
  }
  expectEqual('server name', settings['-expect-server-name'], negotiated.serverName);
  const protocol = settings['-server'] ? settings['-select-alpn'] : settings['-expect-alpn'];
  expectEqual('application protocol', protocol ?? '', negotiated.applicationProtocol ?? '');
  checkEarlyData(settings, timeline);
  checkPeer(settings, negotiated, open);
}

/** What a handshake has that does not resume a session. BoringSSL tells it of the session's first handshake, too. */
function checkFullHandshake(settings: Settings, timeline: Timeline, { peer }: OpenConnection): void {
  const { group, clientSignatureScheme, serverSignatureScheme, resumption } = timeline.negotiated;
  expectEqual('group', nameIn(NamedGroup, settings['-expect-curve-id']), group);
  const scheme = settings['-server'] ? clientSignatureScheme : serverSignatureScheme;
  expectEqual('signature scheme', nameIn(SignatureScheme, settings['-expect-peer-signature-algorithm']), scheme);
  const credential = settings['-expect-selected-credential'];
  if (resumption !== 'external-psk') expectEqual('credential', credential, selectedCredential(settings, timeline));
  // Which of several it was, the runner looks at itself.
  else if (credential !== undefined && settings.psks.every(({ number }) => number !== credential)) {
    throw new Error(`credential: expected ${credential}, got a PSK`);
  }
  const response = settings['-expect-ocsp-response'];
  if (response !== undefined) expectEqual('OCSP response', hexOf(response), hexOf(peer?.stapled?.ocspResponse));
  const timestamps = settings['-expect-signed-cert-timestamps'];
  if (timestamps !== undefined) {
    const got = hexOf(...(peer?.stapled?.signedCertificateTimestamps ?? []));
    expectEqual('SCTs', hexOf(...timestampsOf(timestamps)), got);
  }
}

/** @param kept how many sessions the connection has left behind. */
export function checkSessions(settings: Settings, open: OpenConnection, kept: number): void {
  if (settings['-server'] || settings['-implicit-handshake'] || settings['-shim-shuts-down']) return;
  if (settings['-expect-no-session']) expectEqual('sessions', 0, kept);
  // A session with a server that is not trusted is not kept.
  else if (open.version === 'tls13' && kept === 0 && !settings['-verify-fail']) throw new Error('no session was kept');
}

function checkEarlyData(settings: Settings, { negotiated: { earlyData } }: Timeline): void {
  const { '-expect-accept-early-data': accepted, '-expect-reject-early-data': rejected } = settings;
  if (accepted) expectEqual('early data', 'accepted', earlyData);
  if (rejected && earlyData === 'accepted') throw new Error('early data was accepted');
  if (settings['-expect-no-offer-early-data']) expectEqual('early data', undefined, earlyData, 'always');
}

function checkPeer(settings: Settings, { resumption }: Negotiated, { peer }: OpenConnection): void {
  if (settings['-expect-no-peer-cert']) expectEqual('peer certificate', undefined, peer, 'always');
  else if (
    peer === undefined &&
    resumption !== 'external-psk' &&
    (!settings['-server'] || settings['-require-any-client-certificate'])
  ) {
    throw new Error('the peer presented no certificate');
  }
  if (settings['-expect-verify-result']) {
    expectEqual('verdict', !settings['-verify-fail'], peer === undefined || peer.verdict.trusted);
  }
  const file = settings['-expect-peer-cert-file'];
  if (file !== undefined) {
    expectEqual('chain', hexOf(...decodePem(readFileSync(file, 'utf8'), 'CERTIFICATE')), hexOf(...(peer?.chain ?? [])));
  }
}

/** Place of the credential that we presented among those that we were given; -1 where we presented none. */
function selectedCredential({ credentials, '-server': server }: Settings, { negotiated }: Timeline): number {
  const chain = hexOf(...((server ? negotiated.serverChain : negotiated.clientChain) ?? []));
  const signedWith = server ? negotiated.serverSignatureScheme : negotiated.clientSignatureScheme;
  const selected = credentials.find((settings) => {
    const credential = credentialOf(settings);
    // Two credentials may have the same chain, and only one of them its own key.
    const schemes = credential.delegated === undefined ? credential.schemes : [credential.delegated.scheme];
    const hasSigned =
      signedWith === undefined || schemes.some((scheme) => nameOf(SignatureScheme, scheme) === signedWith);
    return hasSigned && hexOf(...credential.chain) === chain;
  });
  return selected?.number ?? -1;
}

function nameIn(registry: Readonly<Record<string, number>>, code: number | undefined): string | undefined {
  return code === undefined ? undefined : nameOf(registry, code);
}

function either(yes: boolean, no: boolean): boolean | undefined {
  return yes ? true : no ? false : undefined;
}

/** @param wanted where it is undefined, anything will do, unless it is `always` looked at. */
function expectEqual<T>(what: string, wanted: T | undefined, got: T, when: 'given' | 'always' = 'given'): void {
  if (when === 'given' && wanted === undefined) return;
  if (wanted !== got) throw new Error(`${what}: expected ${wanted}, got ${got}`);
}

function hexOf(...all: readonly (Uint8Array | undefined)[]): string {
  return all.map((bytes) => Buffer.from(bytes ?? []).toString('hex')).join();
}
