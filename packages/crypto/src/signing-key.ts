import { nameOf, SignatureScheme, TlsError } from '@handfast/wire';
import type { PublicKeyKind } from './provider.ts';
import type { PublicKeyInfo } from './public-key-info.ts';

const minRsaBits = 2048;

/** @throws TlsError `configuration-invalid` for a key that is too weak to sign with. */
export function checkSigningKey(key: PublicKeyInfo): void {
  if ((key.kind === 'rsa' || key.kind === 'rsa-pss') && key.bits < minRsaBits) {
    throw new TlsError('configuration-invalid', `RSA key of ${key.bits} bits; ${minRsaBits} are the least`);
  }
}

/** The error of a key that is asked for a signature that it does not make. */
export function unknownScheme(scheme: number, kind: PublicKeyKind): TlsError {
  return new TlsError('internal-error', `no ${nameOf(SignatureScheme, scheme)} signature with a key of kind ${kind}`);
}

/** The error of a key that is asked to decrypt a premaster secret, and is not of the kind that does. */
export function noKeyTransport(kind: PublicKeyKind): TlsError {
  return new TlsError('internal-error', `no RSA key transport with a key of kind ${kind}`);
}

/** The error of a peer's key that a premaster secret cannot be encrypted with. */
export function noEncryptionKey({ kind, bits }: { readonly kind: PublicKeyKind; readonly bits: number }): TlsError {
  return new TlsError('certificate-unsupported', `no RSA key transport with a key of kind ${kind} and ${bits} bits`);
}
