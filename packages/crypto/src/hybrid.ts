import { concat } from '@handfast/wire';
import {
  checkExportedLength,
  checkShareLength,
  type KeyAgreement,
  type KeyAgreementLengths,
  type ShareResponse,
} from './key-agreement.ts';
import type { EphemeralKey } from './provider.ts';

/**
 * Two groups as one: shares, secret and private key are those of the first followed by those of the second
 * (draft-ietf-tls-hybrid-design section 3). The secret is safe while either of them is.
 */
export function hybrid(group: number, first: KeyAgreement, second: KeyAgreement): KeyAgreement {
  const lengths = {
    clientShare: first.lengths.clientShare + second.lengths.clientShare,
    serverShare: first.lengths.serverShare + second.lengths.serverShare,
    exported: first.lengths.exported + second.lengths.exported,
  };
  return {
    group,
    lengths,
    generate: () => new HybridKey(group, first.generate(), second.generate(), first.lengths, lengths),
    respond(clientShare): ShareResponse {
      checkShareLength(clientShare, lengths.clientShare);
      const [a, b] = [
        first.respond(clientShare.subarray(0, first.lengths.clientShare)),
        second.respond(clientShare.subarray(first.lengths.clientShare)),
      ];
      return { share: concat(a.share, b.share), secret: concat(a.secret, b.secret) };
    },
    import(exported): EphemeralKey {
      checkExportedLength(exported, lengths.exported);
      return new HybridKey(
        group,
        first.import(exported.subarray(0, first.lengths.exported)),
        second.import(exported.subarray(first.lengths.exported)),
        first.lengths,
        lengths,
      );
    },
  };
}

class HybridKey implements EphemeralKey {
  readonly group: number;
  readonly #first: EphemeralKey;
  readonly #second: EphemeralKey;
  readonly #ofFirst: KeyAgreementLengths;
  readonly #ofBoth: KeyAgreementLengths;

  constructor(
    group: number,
    first: EphemeralKey,
    second: EphemeralKey,
    ofFirst: KeyAgreementLengths,
    ofBoth: KeyAgreementLengths,
  ) {
    this.group = group;
    this.#first = first;
    this.#second = second;
    this.#ofFirst = ofFirst;
    this.#ofBoth = ofBoth;
  }

  get share(): Uint8Array {
    return concat(this.#first.share, this.#second.share);
  }

  agree(peerShare: Uint8Array): Uint8Array {
    checkShareLength(peerShare, this.#ofBoth.serverShare);
    return concat(
      this.#first.agree(peerShare.subarray(0, this.#ofFirst.serverShare)),
      this.#second.agree(peerShare.subarray(this.#ofFirst.serverShare)),
    );
  }

  exportPrivate(): Uint8Array {
    return concat(this.#first.exportPrivate(), this.#second.exportPrivate());
  }
}
