import {
  type Aead,
  aeadNonceLength,
  aeadTagLength,
  type CryptoProvider,
  hkdfExpand,
  hkdfExtract,
} from '@handfast/crypto';
import { concat, Reader, TlsError, toHex, Writer } from '@handfast/wire';

const utf8 = new TextEncoder();

const version = 1;
const keyLength = 32;
/** As in RFC 5077 section 4. */
const keyNameLength = 16;
const headerLength = 1 + keyNameLength;
const timeLength = 6;
export const wrappedKeyLength = headerLength + aeadNonceLength + timeLength + keyLength + aeadTagLength['aes-256-gcm'];

const secretMinimum = 32;
/** RFC 8446 section 4.6.1: seven days, in seconds. */
export const maximumTicketLifetime = 604_800;
/** Of ticket keys that are in use at once. */
const maximumReach = 256;

/** The key of one epoch. */
interface TicketKey {
  readonly epoch: number;
  readonly name: Uint8Array;
  readonly aead: Aead;
}

export interface TicketKeysOptions {
  readonly crypto: CryptoProvider;
  readonly now: () => number;
  readonly secret: Uint8Array;
  readonly lifetime: number;
  readonly rotation: number;
}

/**
 * The keys under which the keys of tickets are wrapped. Each is made of the one secret and the number of its epoch, the
 * span of `rotation` seconds in which it wraps, so that replicas with the same secret agree without talking. It opens for
 * as long as something that it wrapped can be alive.
 *
 * Form of a wrapped key: version (1 byte), name of the ticket key (16), nonce (12), AES-256-GCM of { expiry (6 bytes,
 * milliseconds since the Unix epoch), key (32) } with version and name as associated data. Random nonces suffice for 2^32
 * tickets in an epoch (NIST SP 800-38D section 8.3): 1.2 million a second with a rotation of an hour.
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

  /** Wraps a key of 32 bytes for as long as a ticket lives. */
  wrap(key: Uint8Array): Uint8Array {
    const { name, aead } = this.#currentKey();
    const header = concat(Uint8Array.of(version), name);
    const nonce = this.#crypto.randomBytes(aeadNonceLength);
    const content = encodeContent({ expires: this.#now() + this.lifetime * 1_000, key });
    return concat(header, nonce, aead.seal(nonce, header, content));
  }

  /** The key that was wrapped; undefined where it does not open, or has expired. */
  unwrap(wrapped: Uint8Array): Uint8Array | undefined {
    if (wrapped.length !== wrappedKeyLength || wrapped[0] !== version) return undefined;
    this.#currentKey();
    const header = wrapped.subarray(0, headerLength);
    const ticketKey = this.#keys.get(toHex(header.subarray(1)));
    if (ticketKey === undefined) return undefined;
    const nonce = wrapped.subarray(headerLength, headerLength + aeadNonceLength);
    const opened = ticketKey.aead.open(nonce, header, wrapped.subarray(headerLength + aeadNonceLength));
    if (opened === undefined) return undefined;
    const { expires, key } = decodeContent(opened);
    return this.#now() < expires ? key : undefined;
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
      aead: this.#crypto.aead('aes-256-gcm', derived('handfast ticket key', keyLength)),
    };
  }
}

interface Content {
  readonly expires: number;
  readonly key: Uint8Array;
}

function encodeContent({ expires, key }: Content): Uint8Array {
  const writer = new Writer(timeLength + keyLength);
  writer.uint16(Math.floor(expires / 2 ** 32));
  writer.uint32(expires);
  writer.bytes(key);
  return writer.finish();
}

function decodeContent(bytes: Uint8Array): Content {
  const reader = new Reader(bytes);
  return { expires: reader.uint16() * 2 ** 32 + reader.uint32(), key: reader.bytes(keyLength) };
}
