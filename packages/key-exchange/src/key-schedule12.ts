import {
  aeadKeyLength,
  aeadNonceLength,
  type CryptoProvider,
  cbcKeyLength,
  type HashName,
  macLength,
  prf,
  type RecordCipher,
} from '@handfast/crypto';
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

/** The keys of both directions (RFC 5246 section 6.3). */
export function keyBlock12(
  crypto: CryptoProvider,
  suite: CipherSuiteParameters,
  masterSecret: Uint8Array,
  clientRandom: Uint8Array,
  serverRandom: Uint8Array,
): { readonly client: TrafficKeys; readonly server: TrafficKeys } {
  const { macKey, key, iv } = keyLengths(suite.protection);
  const seed = concat(serverRandom, clientRandom);
  const block = prf(crypto, suite.hash, masterSecret, 'key expansion', seed, 2 * (macKey + key + iv));
  let at = 0;
  const next = (length: number): Uint8Array => {
    at += length;
    return block.subarray(at - length, at);
  };
  const [clientMacKey, serverMacKey, clientKey, serverKey] = [next(macKey), next(macKey), next(key), next(key)];
  return {
    client: { macKey: clientMacKey, key: clientKey, iv: next(iv) },
    server: { macKey: serverMacKey, key: serverKey, iv: next(iv) },
  };
}

function keyLengths(protection: RecordCipher): Readonly<Record<keyof TrafficKeys, number>> {
  if (protection.kind === 'cbc') {
    return { macKey: macLength[protection.mac], key: cbcKeyLength[protection.cipher], iv: 0 };
  }
  const iv = protection.aead === 'chacha20-poly1305' ? aeadNonceLength : saltLength;
  return { macKey: 0, key: aeadKeyLength[protection.aead], iv };
}

/** The implicit part of the nonce (RFC 5288 section 3, RFC 6655 section 3); the rest of it travels in each record. */
const saltLength = 4;

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
