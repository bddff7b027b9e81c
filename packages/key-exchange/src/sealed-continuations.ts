import { type CryptoProvider, type EphemeralKey, hkdfExpand, hkdfExtract } from '@handfast/crypto';
import { concat, Reader, TlsError, toHex, Writer } from '@handfast/wire';
import type { ContinuationStore, HostedAskContext } from './continuations.ts';
import type { Continuation } from './port.ts';

const utf8 = new TextEncoder();
const version = 1;
const saltLength = 16;
const nonceLength = 12;
const headerLength = 1 + saltLength + nonceLength;
const secretMinimum = 32;

/**
 * Continuations that travel with a caller elsewhere: the ephemeral keys, sealed, so that any replica with the same
 * secret can go on where another one began, and only for the caller that began. A replica opens each one once.
 *
 * Form: version (1 byte), salt (16), nonce (12), AES-256-GCM of { expiry (6 bytes, milliseconds), then for each key
 * group (2), length (2) and private key } under HMAC-SHA256(key, salt), with version and caller as associated data. A
 * key of its own for each continuation, because under one key random nonces would run out (NIST SP 800-38D section 8.3).
 */
export class SealedContinuations implements ContinuationStore {
  readonly #crypto: CryptoProvider;
  readonly #key: Uint8Array;
  readonly #now: () => number;
  readonly #lifetime: number;
  readonly #used: UsedMarks;

  /**
   * @param options.secret shared by all replicas and nobody else, 32 bytes or more.
   * @param options.now milliseconds since the Unix epoch.
   * @param options.lifetime of a continuation, in milliseconds; by default 30 seconds.
   * @param options.capacity how many used continuations are remembered in a lifetime; over it, asks are answered with
   * `service-busy`. By default 200,000, which takes about 30 MB when full.
   * @throws TlsError `configuration-invalid` for a secret that is too short.
   */
  constructor(options: {
    readonly crypto: CryptoProvider;
    readonly secret: Uint8Array;
    readonly now: () => number;
    readonly lifetime?: number;
    readonly capacity?: number;
  }) {
    const { crypto, secret, now, lifetime = 30_000, capacity = 200_000 } = options;
    if (secret.length < secretMinimum) {
      throw new TlsError('configuration-invalid', `the secret of continuations needs ${secretMinimum} bytes or more`);
    }
    this.#crypto = crypto;
    this.#key = continuationKey(crypto, secret);
    this.#now = now;
    this.#lifetime = lifetime;
    this.#used = new UsedMarks(lifetime, capacity);
  }

  put(keys: readonly EphemeralKey[], context: HostedAskContext): Continuation {
    const header = concat(Uint8Array.of(version), this.#crypto.randomBytes(saltLength + nonceLength));
    const state = encodeState({ expires: this.#now() + this.#lifetime, keys: keys.map(exportKey) });
    return concat(header, this.#aead(header).seal(nonceOf(header), associatedData(context), state));
  }

  take(continuation: Continuation, context: HostedAskContext): readonly EphemeralKey[] {
    if (continuation.length < headerLength || continuation[0] !== version) {
      throw new TlsError('service-failed', 'the continuation is not of a form that this key exchange knows');
    }
    const header = continuation.subarray(0, headerLength);
    const opened = this.#aead(header).open(
      nonceOf(header),
      associatedData(context),
      continuation.subarray(headerLength),
    );
    if (opened === undefined) {
      throw new TlsError(
        'service-failed',
        'the continuation does not open: altered, of another caller, or of a replica with another secret',
      );
    }
    const { expires, keys } = decodeState(opened);
    const now = this.#now();
    if (now >= expires) throw new TlsError('service-failed', 'the continuation has expired');
    this.#used.mark(toHex(header), now);
    return keys.map(({ group, exported }) => this.#crypto.importEphemeral(group, exported));
  }

  #aead(header: Uint8Array) {
    const key = this.#crypto.hmac('sha256', this.#key, header.subarray(1, 1 + saltLength));
    return this.#crypto.aead('aes-256-gcm', key);
  }
}

/**
 * Remembers what was used for at least `lifetime`, in two sets of which the older is dropped when the younger is
 * that old: no entry needs a time or a search of its own.
 */
class UsedMarks {
  readonly #lifetime: number;
  readonly #capacity: number;
  #older: ReadonlySet<string> = new Set();
  #younger = new Set<string>();
  #youngerSince = Number.NEGATIVE_INFINITY;

  constructor(lifetime: number, capacity: number) {
    this.#lifetime = lifetime;
    this.#capacity = capacity;
  }

  /** @throws TlsError where it is marked already, or there is no room left to remember it. */
  mark(id: string, now: number): void {
    if (now - this.#youngerSince >= this.#lifetime) {
      // After a pause of two lifetimes the younger set is past use as well; dropping it one turn later does no harm.
      this.#older = this.#younger;
      this.#younger = new Set();
      this.#youngerSince = now;
    }
    if (this.#younger.has(id) || this.#older.has(id)) {
      throw new TlsError('service-failed', 'the continuation was used before');
    }
    if (this.#younger.size >= this.#capacity) {
      throw new TlsError('service-busy', 'no room to remember more used continuations; try another replica');
    }
    this.#younger.add(id);
  }
}

interface ExportedKey {
  readonly group: number;
  readonly exported: Uint8Array;
}

interface State {
  readonly expires: number;
  readonly keys: readonly ExportedKey[];
}

function continuationKey(crypto: CryptoProvider, secret: Uint8Array): Uint8Array {
  const prk = hkdfExtract(crypto, 'sha256', new Uint8Array(), secret);
  return hkdfExpand(crypto, 'sha256', prk, utf8.encode('handfast continuation'), 32);
}

function nonceOf(header: Uint8Array): Uint8Array {
  return header.subarray(1 + saltLength);
}

function associatedData({ caller }: HostedAskContext): Uint8Array {
  if (caller === undefined) {
    throw new TlsError('internal-error', 'a sealed continuation is bound to its caller, but the ask names none');
  }
  return concat(Uint8Array.of(version), caller);
}

function exportKey(key: EphemeralKey): ExportedKey {
  return { group: key.group, exported: key.exportPrivate() };
}

function encodeState({ expires, keys }: State): Uint8Array {
  const writer = new Writer();
  writer.uint16(Math.floor(expires / 2 ** 32));
  writer.uint32(expires);
  for (const { group, exported } of keys) {
    writer.uint16(group);
    writer.vector16(exported);
  }
  return writer.finish();
}

function decodeState(bytes: Uint8Array): State {
  const reader = new Reader(bytes);
  const expires = reader.uint16() * 2 ** 32 + reader.uint32();
  const keys: ExportedKey[] = [];
  while (reader.remaining > 0) keys.push({ group: reader.uint16(), exported: reader.vector16() });
  return { expires, keys };
}
