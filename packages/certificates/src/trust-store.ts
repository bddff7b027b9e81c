import { TlsError } from '@handfast/wire';
import { sameBytes } from './bytes.ts';
import { type Certificate, parseCertificate } from './certificate.ts';
import type { Name } from './name.ts';

/** The trust anchors, found by their names. Any certificate can be one: a root, an intermediate, a server's own. */
export class TrustStore {
  readonly #bySubject = new Map<string, readonly Certificate[]>();

  /** @throws TlsError `configuration-invalid` that says which anchor cannot be read */
  constructor(anchors: readonly Uint8Array[]) {
    for (const [index, der] of anchors.entries()) {
      const anchor = parseAnchor(der, index);
      const sameName = this.#bySubject.get(anchor.subject.key) ?? [];
      this.#bySubject.set(anchor.subject.key, [...sameName, anchor]);
    }
  }

  /** The anchors with this name. */
  named(subject: Name): readonly Certificate[] {
    return this.#bySubject.get(subject.key) ?? [];
  }

  has(certificate: Certificate): boolean {
    return this.named(certificate.subject).some(({ der }) => sameBytes(der, certificate.der));
  }

  /** The name of every anchor once, DER. */
  get names(): readonly Uint8Array[] {
    return [...this.#bySubject.values()].flatMap(([anchor]) => (anchor === undefined ? [] : [anchor.subject.der]));
  }
}

function parseAnchor(der: Uint8Array, index: number): Certificate {
  try {
    return parseCertificate(der);
  } catch (cause) {
    const why = cause instanceof TlsError ? cause.detail : 'cannot be read';
    throw new TlsError('configuration-invalid', `trust anchor ${index}: ${why}`, { cause });
  }
}
