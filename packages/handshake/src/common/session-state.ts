import type { Identity } from '@handfast/certificates';
import { type MessageVersion, Reader, TlsError, Writer } from '@handfast/wire';
import type { PeerCertificate, Stapled } from './peer.ts';

/**
 * What a session leaves behind for the connections that resume it: the content of a ticket, and what a client keeps. Only
 * sessions with a trusted peer, or with none, are kept.
 */
export interface SessionState {
  readonly version: MessageVersion;
  /** CipherSuite code point. */
  readonly cipherSuite: number;
  /** TLS 1.3: the PSK of the ticket; TLS 1.2: the master secret. */
  readonly secret: Uint8Array;
  /** TLS 1.2; a session without it must not be resumed with it, nor the other way round (RFC 7627 section 5.3). */
  readonly extendedMasterSecret: boolean;
  /** When the ticket was made, or received: milliseconds since the Unix epoch. */
  readonly issuedAt: number;
  /** When the session must not be resumed any more, counted from its full handshake (RFC 8446 section 4.6.1). */
  readonly expires: number;
  /** TLS 1.3: ticket_age_add, a 32-bit number. */
  readonly ageAdd: number;
  readonly serverName: string | undefined;
  readonly applicationProtocol: string | undefined;
  /** TLS 1.3: max_early_data_size of the ticket; 0: none. */
  readonly maxEarlyData: number;
  /** The peer, where it proved itself with a certificate. */
  readonly peer: PeerCertificate | undefined;
}

/** A client's session: the state, and the name that its server knows it by. */
export interface ClientSession extends SessionState {
  readonly handle:
    | { readonly kind: 'ticket'; readonly ticket: Uint8Array }
    /** TLS 1.2 alone. */
    | { readonly kind: 'session-id'; readonly sessionId: Uint8Array };
}

/** Of this form. Other versions of Handfast may have written what is read here; those sessions are not resumed. */
const form = 1;
const flags = { tls13: 1, extendedMasterSecret: 2, peer: 4, serverName: 8, applicationProtocol: 16 } as const;

export function encodeSessionState(state: SessionState): Uint8Array {
  const writer = new Writer();
  writeState(writer, state);
  return writer.finish();
}

/** @returns undefined for what this version of Handfast has not written. */
export function decodeSessionState(bytes: Uint8Array): SessionState | undefined {
  return decoded(bytes, readState);
}

export function encodeClientSession(session: ClientSession): Uint8Array {
  const writer = new Writer();
  writeState(writer, session);
  const { handle } = session;
  writer.uint8(handle.kind === 'ticket' ? 0 : 1);
  writer.vector16(handle.kind === 'ticket' ? handle.ticket : handle.sessionId);
  return writer.finish();
}

/** @returns undefined for what this version of Handfast has not written. */
export function decodeClientSession(bytes: Uint8Array): ClientSession | undefined {
  return decoded(bytes, (reader) => {
    const state = readState(reader);
    const kind = reader.uint8();
    const name = reader.vector16(1);
    return {
      ...state,
      handle: kind === 0 ? { kind: 'ticket', ticket: name } : { kind: 'session-id', sessionId: name },
    };
  });
}

function decoded<T>(bytes: Uint8Array, read: (reader: Reader) => T): T | undefined {
  if (bytes[0] !== form) return undefined;
  try {
    const reader = new Reader(bytes);
    const value = read(reader);
    reader.end();
    return value;
  } catch (error) {
    // It came out of a ticket that we sealed, or a store of ours: not the peer's fault, and no reason to fail.
    if (error instanceof TlsError || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function writeState(writer: Writer, state: SessionState): void {
  writer.uint8(form);
  writer.uint8(
    (state.version === 'tls13' ? flags.tls13 : 0) |
      (state.extendedMasterSecret ? flags.extendedMasterSecret : 0) |
      (state.peer === undefined ? 0 : flags.peer) |
      (state.serverName === undefined ? 0 : flags.serverName) |
      (state.applicationProtocol === undefined ? 0 : flags.applicationProtocol),
  );
  writer.uint16(state.cipherSuite);
  writer.vector8(state.secret);
  writeTime(writer, state.issuedAt);
  writeTime(writer, state.expires);
  writer.uint32(state.ageAdd);
  writer.uint32(state.maxEarlyData);
  if (state.serverName !== undefined) writer.vector16(utf8.encode(state.serverName));
  if (state.applicationProtocol !== undefined) writer.vector16(utf8.encode(state.applicationProtocol));
  if (state.peer !== undefined) writePeer(writer, state.peer);
}

function readState(reader: Reader): SessionState {
  reader.uint8();
  const set = reader.uint8();
  return {
    version: (set & flags.tls13) === 0 ? 'tls12' : 'tls13',
    extendedMasterSecret: (set & flags.extendedMasterSecret) !== 0,
    cipherSuite: reader.uint16(),
    secret: reader.vector8(),
    issuedAt: readTime(reader),
    expires: readTime(reader),
    ageAdd: reader.uint32(),
    maxEarlyData: reader.uint32(),
    serverName: (set & flags.serverName) === 0 ? undefined : text.decode(reader.vector16()),
    applicationProtocol: (set & flags.applicationProtocol) === 0 ? undefined : text.decode(reader.vector16()),
    peer: (set & flags.peer) === 0 ? undefined : readPeer(reader),
  };
}

/** A certificate of the path that the chain holds too is written as its place in the chain. */
const notInChain = 0xffff;

function writePeer(writer: Writer, { chain, verdict, stapled }: PeerCertificate): void {
  if (!verdict.trusted) throw new TlsError('internal-error', 'a session with an untrusted peer is not kept');
  writer.uint16(chain.length);
  for (const certificate of chain) writer.vector24(certificate);
  writer.uint16(verdict.path.length);
  for (const certificate of verdict.path) {
    const place = chain.findIndex((each) => sameBytes(each, certificate));
    writer.uint16(place < 0 ? notInChain : place);
    if (place < 0) writer.vector24(certificate);
  }
  writer.vector24(utf8.encode(JSON.stringify(verdict.identity)));
  writer.uint8(stapled === undefined ? 0 : 1);
  if (stapled !== undefined) writeStapled(writer, stapled);
}

function readPeer(reader: Reader): PeerCertificate {
  const chain = Array.from({ length: reader.uint16() }, () => reader.vector24());
  const path = Array.from({ length: reader.uint16() }, () => {
    const place = reader.uint16();
    return chain[place] ?? reader.vector24();
  });
  const identity = JSON.parse(text.decode(reader.vector24())) as Identity;
  const stapled = reader.uint8() === 0 ? undefined : readStapled(reader);
  return { chain, verdict: { trusted: true, path, identity }, stapled };
}

/** An OCSPResponse of no bytes stands for none. */
function writeStapled(writer: Writer, { ocspResponse, signedCertificateTimestamps }: Stapled): void {
  writer.vector24(ocspResponse ?? new Uint8Array(0));
  writer.uint16(signedCertificateTimestamps.length);
  for (const timestamp of signedCertificateTimestamps) writer.vector16(timestamp);
}

function readStapled(reader: Reader): Stapled {
  const ocspResponse = reader.vector24();
  return {
    ocspResponse: ocspResponse.length === 0 ? undefined : ocspResponse,
    signedCertificateTimestamps: Array.from({ length: reader.uint16() }, () => reader.vector16()),
  };
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}

function writeTime(writer: Writer, milliseconds: number): void {
  const whole = Math.floor(milliseconds);
  writer.uint16(Math.floor(whole / 2 ** 32));
  writer.uint32(whole % 2 ** 32);
}

function readTime(reader: Reader): number {
  return reader.uint16() * 2 ** 32 + reader.uint32();
}

const utf8 = new TextEncoder();
const text = new TextDecoder();
