import { type CryptoProvider, type HashName, hashLength, hkdfExpand } from '@handfast/crypto';
import { TlsError } from '@handfast/wire';

/** The labels of the key schedule (RFC 8446 sections 4.4.4, 4.6.1, 7.1, 7.2, 7.3 and 7.5). */
const knownLabels = [
  'derived',
  'ext binder',
  'res binder',
  'c e traffic',
  'e exp master',
  'c hs traffic',
  's hs traffic',
  'c ap traffic',
  's ap traffic',
  'exp master',
  'res master',
  'resumption',
  'finished',
  'key',
  'iv',
  'traffic upd',
  'exporter',
];

const utf8 = new TextEncoder();
// Encoded once: the schedule of one handshake uses them some twenty times.
const encodedLabels: ReadonlyMap<string, Uint8Array> = new Map(
  knownLabels.map((label) => [label, utf8.encode(`tls13 ${label}`)]),
);

/**
 * HKDF-Expand-Label (RFC 8446 section 7.1).
 * @param label without the prefix `tls13 `, which is added.
 * @param context at most 255 bytes, in most uses a hash or nothing.
 * @param length of the result, in bytes.
 * @throws TlsError `configuration-invalid` where label or context are longer than HkdfLabel can hold.
 */
export function hkdfExpandLabel(
  crypto: CryptoProvider,
  hash: HashName,
  secret: Uint8Array,
  label: string,
  context: Uint8Array,
  length: number,
): Uint8Array {
  const info = hkdfLabelAndCounter(label, context, length);
  if (length > hashLength[hash]) return hkdfExpand(crypto, hash, secret, info.subarray(0, -1), length);
  // One block of HKDF-Expand is one HMAC, over info and the block's number (RFC 5869 section 2.3).
  const block = crypto.hmac(hash, secret, info);
  return length === block.length ? block : block.slice(0, length);
}

/**
 * Derive-Secret (RFC 8446 section 7.1).
 * @param transcriptHash of the messages, where the RFC writes the messages themselves.
 */
export function deriveSecret(
  crypto: CryptoProvider,
  hash: HashName,
  secret: Uint8Array,
  label: string,
  transcriptHash: Uint8Array,
): Uint8Array {
  return hkdfExpandLabel(crypto, hash, secret, label, transcriptHash, hashLength[hash]);
}

/** HkdfLabel, and after it the number of the first block, 1. */
function hkdfLabelAndCounter(label: string, context: Uint8Array, length: number): Uint8Array {
  const encoded = encodedLabels.get(label) ?? utf8.encode(`tls13 ${label}`);
  if (encoded.length > 255 || context.length > 255) {
    throw new TlsError('configuration-invalid', 'HKDF-Expand-Label takes 249 bytes of label and 255 of context');
  }
  const info = new Uint8Array(5 + encoded.length + context.length);
  info[0] = length >> 8;
  info[1] = length;
  info[2] = encoded.length;
  info.set(encoded, 3);
  info[3 + encoded.length] = context.length;
  info.set(context, 4 + encoded.length);
  info[info.length - 1] = 1;
  return info;
}
