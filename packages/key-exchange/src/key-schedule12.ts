import { aeadKeyLength, aeadNonceLength, type CryptoProvider, type HashName, prf } from '@handfast/crypto';
import { concat, TlsError } from '@handfast/wire';
import type { CipherSuiteParameters } from './cipher-suites.ts';
import type { MasterSecretDerivation } from './port.ts';
import type { TrafficKeys } from './traffic-keys13.ts';

const masterSecretLength = 48;
const verifyDataLength = 12;

/** The 48-byte master secret (RFC 7627 section 4, RFC 5246 section 8.1). */
export function masterSecret(
  crypto: CryptoProvider,
  premaster: Uint8Array,
  derivation: MasterSecretDerivation,
): Uint8Array {
  switch (derivation.kind) {
    case 'extended':
      return prf(
        crypto,
        derivation.hash,
        premaster,
        'extended master secret',
        derivation.sessionHash,
        masterSecretLength,
      );
    case 'classic': {
      const seed = concat(derivation.clientRandom, derivation.serverRandom);
      return prf(crypto, derivation.hash, premaster, 'master secret', seed, masterSecretLength);
    }
  }
}

/** The keys of both directions (RFC 5246 section 6.3), for AEAD suites, which have no MAC keys. */
export function keyBlock12(
  crypto: CryptoProvider,
  suite: CipherSuiteParameters,
  masterSecret: Uint8Array,
  clientRandom: Uint8Array,
  serverRandom: Uint8Array,
): { readonly client: TrafficKeys; readonly server: TrafficKeys } {
  const keyLength = aeadKeyLength[suite.aead];
  const ivLength = suite.aead === 'chacha20-poly1305' ? aeadNonceLength : gcmSaltLength;
  const seed = concat(serverRandom, clientRandom);
  const block = prf(crypto, suite.hash, masterSecret, 'key expansion', seed, 2 * (keyLength + ivLength));
  const ivs = 2 * keyLength;
  return {
    client: { key: block.subarray(0, keyLength), iv: block.subarray(ivs, ivs + ivLength) },
    server: { key: block.subarray(keyLength, ivs), iv: block.subarray(ivs + ivLength) },
  };
}

/** The implicit part of the nonce (RFC 5288 section 3); the rest of it travels in each record. */
const gcmSaltLength = 4;

/**
 * The 12 bytes of verify_data in Finished (RFC 5246 section 7.4.9).
 * @param handshakeHash of all handshake messages before this Finished.
 */
export function finishedVerifyData12(
  crypto: CryptoProvider,
  hash: HashName,
  masterSecret: Uint8Array,
  sender: 'client' | 'server',
  handshakeHash: Uint8Array,
): Uint8Array {
  return prf(crypto, hash, masterSecret, `${sender} finished`, handshakeHash, verifyDataLength);
}

/** Labels of the protocol itself, from which an exporter must keep away (RFC 5705 section 4, RFC 7627 section 7). */
const reservedLabels: readonly string[] = [
  'client finished',
  'server finished',
  'master secret',
  'extended master secret',
  'key expansion',
];

/**
 * Keying material exporter of TLS 1.2 (RFC 5705 section 4).
 * @param context unlike in TLS 1.3, none (undefined) and an empty one differ; at most 65,535 bytes.
 * @param length of the result, in bytes.
 * @throws TlsError `configuration-invalid` for a label that TLS keeps for itself or that is not printable ASCII, and for a
 * context that is too long.
 */
export function exportKeyingMaterial12(
  crypto: CryptoProvider,
  hash: HashName,
  masterSecret: Uint8Array,
  clientRandom: Uint8Array,
  serverRandom: Uint8Array,
  label: string,
  context: Uint8Array | undefined,
  length: number,
): Uint8Array {
  if (reservedLabels.includes(label)) {
    throw new TlsError('configuration-invalid', `'${label}' is a label of TLS itself, an exporter may not use it`);
  }
  if (!/^[\x20-\x7e]*$/.test(label)) {
    throw new TlsError('configuration-invalid', 'the label of an exporter is printable ASCII');
  }
  if (context !== undefined && context.length > 0xffff) {
    throw new TlsError('configuration-invalid', 'the context of an exporter has at most 65535 bytes');
  }
  const seed =
    context === undefined
      ? concat(clientRandom, serverRandom)
      : concat(clientRandom, serverRandom, Uint8Array.of(context.length >> 8, context.length), context);
  return prf(crypto, hash, masterSecret, label, seed, length);
}
