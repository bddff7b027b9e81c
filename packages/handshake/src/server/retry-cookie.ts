import { type CryptoProvider, hashLength } from '@handfast/crypto';
import { cipherSuite } from '@handfast/key-exchange';
import { concat, Reader, TlsError, Writer } from '@handfast/wire';

/** The cookie of a HelloRetryRequest: all that a server needs to go on from it (RFC 8446 section 4.2.2). */

/** What was decided by a HelloRetryRequest. */
export interface RetryState {
  /** CipherSuite code point. */
  readonly suite: number;
  /** NamedGroup code point. */
  readonly group: number;
  /** Of the first ClientHello, by the hash of the suite. */
  readonly firstHelloHash: Uint8Array;
}

const form = 1;
const saltLength = 16;
const nonce = new Uint8Array(12);
/** Milliseconds in which the second ClientHello must come. */
const lifetime = 60_000;
/** Milliseconds by which the clock of the server that made the cookie may be ahead. */
const clockSkew = 5_000;

/**
 * salt || AES-256-GCM(HMAC-SHA256(key, salt), nonce 0, no associated data, state). With a key of its own for every
 * cookie there is no end to how many one `retryCookieKey` makes.
 * @param date milliseconds since the Unix epoch.
 */
export function sealRetryCookie(crypto: CryptoProvider, key: Uint8Array, state: RetryState, date: number): Uint8Array {
  const writer = new Writer();
  writer.uint8(form);
  writer.uint32(Math.floor(date / 1_000));
  writer.uint16(state.suite);
  writer.uint16(state.group);
  writer.vector8(state.firstHelloHash);
  const salt = crypto.randomBytes(saltLength);
  return concat(salt, cookieAead(crypto, key, salt).seal(nonce, nothing, writer.finish()));
}

/** @returns undefined for a cookie that nobody with this key made, or that has expired. */
export function openRetryCookie(
  crypto: CryptoProvider,
  key: Uint8Array,
  cookie: Uint8Array,
  date: number,
): RetryState | undefined {
  if (cookie.length <= saltLength) return undefined;
  const salt = cookie.subarray(0, saltLength);
  const content = cookieAead(crypto, key, salt).open(nonce, nothing, cookie.subarray(saltLength));
  return content === undefined ? undefined : readState(content, date);
}

function readState(content: Uint8Array, date: number): RetryState | undefined {
  const reader = new Reader(content);
  try {
    if (reader.uint8() !== form) return undefined;
    const age = date - reader.uint32() * 1_000;
    const state = { suite: reader.uint16(), group: reader.uint16(), firstHelloHash: reader.vector8() };
    reader.end();
    const hash = cipherSuite(state.suite)?.hash;
    const whole = hash !== undefined && state.firstHelloHash.length === hashLength[hash];
    return whole && age >= -clockSkew && age <= lifetime ? state : undefined;
  } catch (error) {
    // Another version of Handfast made it.
    if (error instanceof TlsError) return undefined;
    throw error;
  }
}

function cookieAead(crypto: CryptoProvider, key: Uint8Array, salt: Uint8Array) {
  return crypto.aead('aes-256-gcm', crypto.hmac('sha256', key, salt));
}

const nothing = new Uint8Array(0);
