import { aeadNonceLength, aeadTagLength, type CryptoProvider } from '@handfast/crypto';
import { concat, TlsError } from '@handfast/wire';
import type { BlankTicket } from './port.ts';
import { wrappedKeyLength } from './ticket-keys.ts';

/** `opaque ticket<1..2^16-1>` (RFC 8446 section 4.6.1), and so are the identities that a client offers. */
export const maximumTicketLength = 0xffff;

const sealedWith = 'aes-256-gcm';
const tagLength = aeadTagLength[sealedWith];
/** A ticket's key seals once. */
const nonce = new Uint8Array(aeadNonceLength);

/**
 * The ticket that has `state` in it: wrappedKey || AES-256-GCM(key, nonce 0, associated data wrappedKey, state).
 * @param state what `resume` gives back; at most about 65,400 bytes.
 * @throws TlsError `internal-error` where the ticket would be longer than TLS carries.
 */
export function fillTicket(crypto: CryptoProvider, { key, wrappedKey }: BlankTicket, state: Uint8Array): Uint8Array {
  const length = wrappedKey.length + state.length + tagLength;
  if (length > maximumTicketLength) throw new TlsError('internal-error', `a ticket of ${length} bytes`);
  return concat(wrappedKey, crypto.aead(sealedWith, key).seal(nonce, wrappedKey, state));
}

/**
 * What `fillTicket` put into the ticket; undefined where it is none of ours, was altered or has expired.
 * @param unwrap opens the wrapped key.
 */
export function openTicket(
  crypto: CryptoProvider,
  unwrap: (wrappedKey: Uint8Array) => Uint8Array | undefined,
  ticket: Uint8Array,
): Uint8Array | undefined {
  if (ticket.length < wrappedKeyLength + tagLength || ticket.length > maximumTicketLength) return undefined;
  const wrappedKey = ticket.subarray(0, wrappedKeyLength);
  const key = unwrap(wrappedKey);
  if (key === undefined) return undefined;
  return crypto.aead(sealedWith, key).open(nonce, wrappedKey, ticket.subarray(wrappedKeyLength));
}
