import type { CryptoProvider } from '@handfast/crypto';
import { TlsError, toHex } from '@handfast/wire';
import { maximumIdentities } from './bounds.ts';
import type { ExternalPsk } from './port.ts';

/** An external PSK, and for a client, whom it may be offered to. */
export interface ConfiguredPsk extends Omit<ExternalPsk, 'binder'> {
  /** By default `external`; what `importPsk` of `@handfast/key-exchange` returns says `imported`. */
  readonly binder?: ExternalPsk['binder'] | undefined;
  /** The servers that share it, as the client knows them. Absent, it is offered to every server. */
  readonly servers?: readonly string[] | undefined;
}

/** RFC 9257 section 6: a PSK must be at least 128 bits long. */
const shortestKey = 16;
/** `opaque identity<1..2^16-1>` (RFC 8446 section 4.2.11); a key is no longer either. */
const longest = 0xffff;

/** The pre-shared keys that were configured. Identities are public, keys are not. */
export class ExternalPsks {
  readonly #crypto: CryptoProvider;
  readonly #psks: ReadonlyMap<string, ConfiguredPsk>;

  /** @throws TlsError `configuration-invalid` for an empty or doubled identity, or a key that is too short. */
  constructor(crypto: CryptoProvider, psks: readonly ConfiguredPsk[]) {
    this.#crypto = crypto;
    for (const psk of psks) check(psk);
    this.#psks = new Map(psks.map((psk) => [this.#nameOf(psk.identity), ownCopy(psk)]));
    if (this.#psks.size < psks.length) {
      throw new TlsError('configuration-invalid', 'two external PSKs have the same identity');
    }
  }

  /** The one of this identity. */
  find(identity: Uint8Array): ExternalPsk | undefined {
    if (this.#psks.size === 0) return undefined;
    const psk = this.#psks.get(this.#nameOf(identity));
    return psk && withoutServers(psk);
  }

  /** Those to offer to a server, in the order of the configuration; the first few, where there are many. */
  for(server: string): readonly ExternalPsk[] {
    return [...this.#psks.values()]
      .filter(({ servers }) => servers?.includes(server) ?? true)
      .slice(0, maximumIdentities)
      .map(withoutServers);
  }

  /** Of one length, however long the identity is. */
  #nameOf(identity: Uint8Array): string {
    return toHex(this.#crypto.hash('sha256', identity));
  }
}

function check({ identity, key }: ConfiguredPsk): void {
  if (identity.length === 0 || identity.length > longest) {
    throw new TlsError('configuration-invalid', `identity of ${identity.length} bytes of an external PSK`);
  }
  if (key.length < shortestKey || key.length > longest) {
    throw new TlsError('configuration-invalid', `an external PSK has ${shortestKey} bytes or more, not ${key.length}`);
  }
}

function ownCopy(psk: ConfiguredPsk): ConfiguredPsk {
  return { ...psk, identity: psk.identity.slice(), key: psk.key.slice() };
}

function withoutServers({ identity, key, hash, binder = 'external' }: ConfiguredPsk): ExternalPsk {
  return { identity, key, hash, binder };
}
