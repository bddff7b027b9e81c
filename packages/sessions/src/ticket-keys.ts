import { type CryptoProvider, hkdfExpand, hkdfExtract } from '@handfast/crypto';
import { TlsError, toHex } from '@handfast/wire';

const utf8 = new TextEncoder();

const version = 2;
const keyLength = 32;
/** As in RFC 5077 section 4. */
const keyNameLength = 16;
const seedLength = 32;
const timeLength = 6;
/** Version, name and seed: what a key is derived from. */
const originLength = 1 + keyNameLength + seedLength;
export const wrappedKeyLength = originLength + timeLength;

const secretMinimum = 32;
/** RFC 8446 section 4.6.1: seven days, in seconds. */
export const maximumTicketLifetime = 604_800;
/** Of ticket keys that are in use at once. */
const maximumReach = 256;

/** The key of one epoch. */
interface TicketKey {
  readonly epoch: number;
  readonly name: Uint8Array;
  readonly secret: Uint8Array;
}

export interface TicketKeysOptions {
  readonly crypto: CryptoProvider;
  readonly now: () => number;
  readonly secret: Uint8Array;
  readonly lifetime: number;
  readonly rotation: number;
}

/**
 * The keys from which the keys of tickets are derived. Each is made of the one secret and the number of its epoch, the
 * span of `rotation` seconds in which it is in use, so that replicas with the same secret agree without talking. It opens
 * for as long as something that it wrapped can be alive.
 *
 * Form of a wrapped key: version (1 byte), name of the ticket key (16), seed (32, random), expiry (6, milliseconds since
 * the Unix epoch) XOR mask. Key (32) and mask (6) are HKDF-Expand-SHA-512(ticket key, version || name || seed). The mask
 * hides when the ticket was made, which would lead from the connection that uses it back to the one that it came from
 * (RFC 8446 appendix C.4). A wrapped key by itself is not authentic: what is sealed with the key has it as associated data.
 */
export class TicketKeys {
  /** Seconds. */
  readonly lifetime: number;
  readonly #crypto: CryptoProvider;
  readonly #now: () => number;
  readonly #prk: Uint8Array;
  readonly #rotation: number;
  /** By name, in hex. */
  #keys: ReadonlyMap<string, TicketKey> = new Map();
  #current: TicketKey;

  /** @throws TlsError `configuration-invalid` for a secret that is too short, or times out of their bounds. */
  constructor({ crypto, now, secret, lifetime, rotation }: TicketKeysOptions) {
    if (secret.length < secretMinimum) {
      throw new TlsError('configuration-invalid', `the secret of tickets needs ${secretMinimum} bytes or more`);
    }
    if (!Number.isInteger(lifetime) || lifetime < 1 || lifetime > maximumTicketLifetime) {
      throw new TlsError('configuration-invalid', `a ticket lives 1 to ${maximumTicketLifetime} seconds`);
    }
    if (!Number.isInteger(rotation) || rotation < 1 || lifetime / rotation > maximumReach) {
      throw new TlsError('configuration-invalid', `ticket keys may not rotate ${maximumReach} times in a lifetime`);
    }
    this.lifetime = lifetime;
    this.#crypto = crypto;
    this.#now = now;
    this.#prk = hkdfExtract(crypto, 'sha256', new Uint8Array(), secret);
    this.#rotation = rotation;
    this.#current = this.#turnTo(this.#epoch());
  }

  /** A new key of 32 bytes, wrapped for as long as a ticket lives. */
  make(): { readonly key: Uint8Array; readonly wrappedKey: Uint8Array } {
    const ticketKey = this.#currentKey();
    const wrappedKey = new Uint8Array(wrappedKeyLength);
    wrappedKey[0] = version;
    wrappedKey.set(ticketKey.name, 1);
    wrappedKey.set(this.#crypto.randomBytes(seedLength), 1 + keyNameLength);
    const { key, mask } = this.#unwrapping(ticketKey, wrappedKey);
    writeTime(wrappedKey.subarray(originLength), this.#now() + this.lifetime * 1_000, mask);
    return { key, wrappedKey };
  }

  /**
   * The key that was wrapped; undefined where it is under none of these ticket keys, or has expired. Of a wrapped key that
   * was altered, a key that opens nothing.
   */
  unwrap(wrappedKey: Uint8Array): Uint8Array | undefined {
    if (wrappedKey.length !== wrappedKeyLength || wrappedKey[0] !== version) return undefined;
    this.#currentKey();
    const ticketKey = this.#keys.get(toHex(wrappedKey.subarray(1, 1 + keyNameLength)));
    if (ticketKey === undefined) return undefined;
    const { key, mask } = this.#unwrapping(ticketKey, wrappedKey);
    return this.#now() < readTime(wrappedKey.subarray(originLength), mask) ? key : undefined;
  }

  #unwrapping({ secret }: TicketKey, wrappedKey: Uint8Array): { readonly key: Uint8Array; readonly mask: Uint8Array } {
    const origin = wrappedKey.subarray(0, originLength);
    const derived = hkdfExpand(this.#crypto, 'sha512', secret, origin, keyLength + timeLength);
    return { key: derived.subarray(0, keyLength), mask: derived.subarray(keyLength) };
  }

  #epoch(): number {
    return Math.floor(this.#now() / (this.#rotation * 1_000));
  }

  #currentKey(): TicketKey {
    const epoch = this.#epoch();
    if (epoch !== this.#current.epoch) this.#current = this.#turnTo(epoch);
    return this.#current;
  }

  /** Drops the keys of which nothing is alive, and makes those that are lacking. */
  #turnTo(epoch: number): TicketKey {
    const known = new Map([...this.#keys.values()].map((key) => [key.epoch, key]));
    const keyOf = (epoch: number) => known.get(epoch) ?? this.#derive(epoch);
    const reach = Math.ceil(this.lifetime / this.#rotation);
    // The next one as well: the clock of the replica that wrapped may be ahead.
    const keys = Array.from({ length: reach + 2 }, (_, index) => keyOf(epoch + 1 - index));
    this.#keys = new Map(keys.map((key) => [toHex(key.name), key]));
    return keys.find((key) => key.epoch === epoch) ?? this.#derive(epoch);
  }

  #derive(epoch: number): TicketKey {
    const derived = (label: string, length: number) =>
      hkdfExpand(this.#crypto, 'sha256', this.#prk, utf8.encode(`${label} ${epoch}`), length);
    return {
      epoch,
      name: derived('handfast ticket key name', keyNameLength),
      secret: derived('handfast ticket key', keyLength),
    };
  }
}

function writeTime(target: Uint8Array, time: number, mask: Uint8Array): void {
  for (let at = timeLength - 1, left = Math.floor(time); at >= 0; at -= 1, left = Math.floor(left / 256)) {
    target[at] = (mask[at] ?? 0) ^ (left % 256);
  }
}

function readTime(source: Uint8Array, mask: Uint8Array): number {
  return source.reduce((time, byte, at) => time * 256 + (byte ^ (mask[at] ?? 0)), 0);
}
