import { type CryptoProvider, type HashName, hashLength, hkdfExtract } from '@handfast/crypto';
import { TlsError } from '@handfast/wire';
import { deriveSecret, hkdfExpandLabel } from './hkdf-label.ts';

/** RFC 8446 section 7.1, and RFC 9258 section 5.2. */
const binderLabels = { external: 'ext binder', imported: 'imp binder', resumption: 'res binder' } as const;

/** The traffic secrets of the two directions, of one stage. */
export interface TrafficSecrets {
  readonly client: Uint8Array;
  readonly server: Uint8Array;
}

/**
 * The key schedule of TLS 1.3, the figure of RFC 8446 section 7.1 from top to bottom: a new one stands at the Early
 * Secret, `enterHandshake` goes down to the Handshake Secret and `enterApplication` to the Master Secret. Transcript
 * hashes are of the messages from ClientHello up to and with the one that the parameter names.
 */
export class KeySchedule13 {
  readonly #crypto: CryptoProvider;
  readonly #hash: HashName;
  #stage: 'early' | 'handshake' | 'application' = 'early';
  /** Of the stage, except that without a PSK nothing but `#derived` is ever taken from the Early Secret. */
  #secret: Uint8Array | undefined;

  /**
   * @param hash of the cipher suite, or of the PSK.
   * @param psk where one is offered or was chosen; without it the schedule starts from zeros.
   */
  constructor(crypto: CryptoProvider, hash: HashName, psk?: Uint8Array) {
    this.#crypto = crypto;
    this.#hash = hash;
    if (psk !== undefined) this.#secret = hkdfExtract(crypto, hash, new Uint8Array(hashLength[hash]), psk);
  }

  /** binder_key: {@link finishedVerifyData13} with it, over the truncated ClientHello, is the binder (section 4.2.11.2). */
  binderKey(kind: keyof typeof binderLabels): Uint8Array {
    return this.#derive('early', binderLabels[kind], this.#constants().emptyHash);
  }

  /** client_early_traffic_secret and early_exporter_master_secret. */
  earlySecrets(clientHelloHash: Uint8Array): { readonly client: Uint8Array; readonly exporter: Uint8Array } {
    return {
      client: this.#derive('early', 'c e traffic', clientHelloHash),
      exporter: this.#derive('early', 'e exp master', clientHelloHash),
    };
  }

  /**
   * Down to the Handshake Secret.
   * @param sharedSecret of (EC)DHE or the KEM; with a PSK alone, zeros of the hash's length.
   * @param serverHelloHash transcript hash up to ServerHello.
   * @returns the handshake traffic secrets.
   */
  enterHandshake(sharedSecret: Uint8Array, serverHelloHash: Uint8Array): TrafficSecrets {
    const salt =
      this.#secret === undefined
        ? this.#constants().derivedWithoutPsk
        : this.#derive('early', 'derived', this.#constants().emptyHash);
    this.#enter('early', 'handshake', hkdfExtract(this.#crypto, this.#hash, salt, sharedSecret));
    return {
      client: this.#derive('handshake', 'c hs traffic', serverHelloHash),
      server: this.#derive('handshake', 's hs traffic', serverHelloHash),
    };
  }

  /**
   * Down to the Master Secret.
   * @param serverFinishedHash transcript hash up to the server's Finished.
   * @returns the first application traffic secrets, and exporter_master_secret.
   */
  enterApplication(serverFinishedHash: Uint8Array): TrafficSecrets & { readonly exporter: Uint8Array } {
    const salt = this.#derive('handshake', 'derived', this.#constants().emptyHash);
    const zeros = new Uint8Array(hashLength[this.#hash]);
    this.#enter('handshake', 'application', hkdfExtract(this.#crypto, this.#hash, salt, zeros));
    return {
      client: this.#derive('application', 'c ap traffic', serverFinishedHash),
      server: this.#derive('application', 's ap traffic', serverFinishedHash),
      exporter: this.#derive('application', 'exp master', serverFinishedHash),
    };
  }

  /**
   * resumption_master_secret.
   * @param clientFinishedHash transcript hash up to the client's Finished.
   */
  resumptionSecret(clientFinishedHash: Uint8Array): Uint8Array {
    return this.#derive('application', 'res master', clientFinishedHash);
  }

  #derive(stage: 'early' | 'handshake' | 'application', label: string, transcriptHash: Uint8Array): Uint8Array {
    if (this.#stage !== stage || this.#secret === undefined) {
      throw new TlsError('internal-error', `the key schedule has no '${label}' at its ${this.#stage} stage`);
    }
    return deriveSecret(this.#crypto, this.#hash, this.#secret, label, transcriptHash);
  }

  #enter(from: 'early' | 'handshake', to: 'handshake' | 'application', secret: Uint8Array): void {
    if (this.#stage !== from) {
      throw new TlsError('internal-error', `the key schedule cannot go from its ${this.#stage} to its ${to} stage`);
    }
    this.#stage = to;
    this.#secret = secret;
  }

  #constants(): Constants {
    return constantsOf(this.#crypto, this.#hash);
  }
}

/** The PSK that a NewSessionTicket stands for (RFC 8446 section 4.6.1). */
export function resumptionPsk(
  crypto: CryptoProvider,
  hash: HashName,
  resumptionSecret: Uint8Array,
  ticketNonce: Uint8Array,
): Uint8Array {
  return hkdfExpandLabel(crypto, hash, resumptionSecret, 'resumption', ticketNonce, hashLength[hash]);
}

/** What is the same in every handshake. */
interface Constants {
  readonly emptyHash: Uint8Array;
  /** Derive-Secret(Early Secret, "derived", "") where there is no PSK. */
  readonly derivedWithoutPsk: Uint8Array;
}

const constantsByProvider = new WeakMap<CryptoProvider, Map<HashName, Constants>>();

function constantsOf(crypto: CryptoProvider, hash: HashName): Constants {
  let constants = constantsByProvider.get(crypto)?.get(hash);
  if (constants === undefined) {
    const zeros = new Uint8Array(hashLength[hash]);
    const emptyHash = crypto.hash(hash, new Uint8Array());
    const earlySecret = hkdfExtract(crypto, hash, zeros, zeros);
    constants = { emptyHash, derivedWithoutPsk: deriveSecret(crypto, hash, earlySecret, 'derived', emptyHash) };
    const ofProvider = constantsByProvider.get(crypto) ?? new Map();
    constantsByProvider.set(crypto, ofProvider.set(hash, constants));
  }
  return constants;
}
