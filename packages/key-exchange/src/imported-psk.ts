import { type CryptoProvider, hashLength, hkdfExtract } from '@handfast/crypto';
import { ProtocolVersion, TlsError, Writer } from '@handfast/wire';
import { hkdfExpandLabel } from './hkdf-label.ts';

/** A key that was agreed on outside TLS, which itself knows nothing of hashes: an EPSK of RFC 9258. */
export interface ImportablePsk {
  /** external_identity: at least 1 byte, with the context at most 65,527. It is sent in the clear. */
  readonly identity: Uint8Array;
  /** Secret; 16 bytes or more, of as much entropy (RFC 9257 section 6). It must not be used as a PSK itself, too. */
  readonly key: Uint8Array;
  /** What both sides have to agree on beside the key, such as who has which role. It is sent in the clear. */
  readonly context: Uint8Array;
  /** That the key belongs to. By default SHA-256. */
  readonly hash?: 'sha256' | 'sha384' | undefined;
}

/** A pre-shared key for suites of one hash, in the form in which the session manager is configured with it. */
export interface ImportedPsk {
  /** ImportedIdentity. */
  readonly identity: Uint8Array;
  /** Secret. */
  readonly key: Uint8Array;
  readonly hash: 'sha256' | 'sha384';
  readonly binder: 'imported';
}

/** RFC 9257 section 6. */
const shortestKey = 16;
/** HKDF_SHA256 and HKDF_SHA384, of IANA's "TLS KDF Identifiers" (RFC 9258 section 10). */
const targetKdfs = { sha256: 0x0001, sha384: 0x0002 } as const;

/**
 * Imports an external PSK into TLS 1.3 (RFC 9258 section 5.1).
 * @returns one PSK for each hash of a cipher suite, SHA-256 first.
 * @throws TlsError `configuration-invalid` for a key that is too short, or an identity or context out of bounds.
 */
export function importPsk(crypto: CryptoProvider, psk: ImportablePsk): readonly ImportedPsk[] {
  const { key, hash = 'sha256' } = psk;
  if (key.length < shortestKey) {
    throw new TlsError('configuration-invalid', `an external PSK has ${shortestKey} bytes or more, not ${key.length}`);
  }
  const secret = hkdfExtract(crypto, hash, new Uint8Array(hashLength[hash]), key);
  return (['sha256', 'sha384'] as const).map((target) => {
    const identity = importedIdentity(psk, target);
    const identityHash = crypto.hash(hash, identity);
    const derived = hkdfExpandLabel(crypto, hash, secret, 'derived psk', identityHash, hashLength[target]);
    return { identity, key: derived, hash: target, binder: 'imported' };
  });
}

function importedIdentity({ identity, context }: ImportablePsk, target: ImportedPsk['hash']): Uint8Array {
  // As the identity of a PSK it is itself `opaque identity<1..2^16-1>` (RFC 8446 section 4.2.11).
  if (identity.length === 0 || identity.length + context.length > 0xffff - 8) {
    const lengths = `identity of ${identity.length} bytes and context of ${context.length}`;
    throw new TlsError('configuration-invalid', `${lengths} of an external PSK`);
  }
  const writer = new Writer(identity.length + context.length + 8);
  writer.vector16(identity);
  writer.vector16(context);
  writer.uint16(ProtocolVersion.tls13);
  writer.uint16(targetKdfs[target]);
  return writer.finish();
}
