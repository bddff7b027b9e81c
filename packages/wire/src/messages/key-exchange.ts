import { type Codec, opaque8, opaque16, rest } from '../codec.ts';
import { TlsError } from '../errors.ts';
import type {
  ClientKeyExchange,
  KeyExchangeAlgorithm,
  ServerDhParams,
  ServerEcdhParams,
  ServerKeyExchange,
  SignedParams,
} from '../messages.ts';
import { Reader } from '../reader.ts';
import { ECCurveType } from '../registries.ts';
import { Writer } from '../writer.ts';

/** What both messages hold depends on the cipher suite, which is not theirs to know: their bodies are read in a second step. */
export const serverKeyExchange: Codec<ServerKeyExchange> = {
  read: (reader) => ({ type: 'ServerKeyExchange', exchangeKeys: rest.read(reader) }),
  write: (writer, message) => rest.write(writer, message.exchangeKeys),
};

export const clientKeyExchange: Codec<ClientKeyExchange> = {
  read: (reader) => ({ type: 'ClientKeyExchange', exchangeKeys: rest.read(reader) }),
  write: (writer, message) => rest.write(writer, message.exchangeKeys),
};

/** ServerECDHParams (RFC 8422 section 5.4). Of its curve types only named_curve is left; the others are deprecated. */
const serverEcdhParams: Codec<ServerEcdhParams> = {
  read(reader) {
    const curveType = reader.uint8();
    if (curveType !== ECCurveType.named_curve) {
      throw new TlsError('illegal-parameter', `curve type ${curveType} is not named_curve`);
    }
    const namedCurve = reader.uint16();
    return { namedCurve, publicKey: reader.vector8(1) };
  },
  write(writer, params) {
    writer.uint8(ECCurveType.named_curve);
    writer.uint16(params.namedCurve);
    writer.vector8(params.publicKey, 1);
  },
};

/** ServerDHParams (RFC 5246 section 7.4.3). */
const serverDhParams: Codec<ServerDhParams> = {
  read: (reader) => ({ dhP: reader.vector16(1), dhG: reader.vector16(1), dhYs: reader.vector16(1) }),
  write(writer, { dhP, dhG, dhYs }) {
    writer.vector16(dhP, 1);
    writer.vector16(dhG, 1);
    writer.vector16(dhYs, 1);
  },
};

/** What ServerKeyExchange holds, by the key exchange of the cipher suite. RSA key transport has no such message. */
interface ServerParams {
  readonly ecdhe: ServerEcdhParams;
  readonly dhe: ServerDhParams;
}

const serverParams: { readonly [Algorithm in keyof ServerParams]: Codec<ServerParams[Algorithm]> } = {
  ecdhe: serverEcdhParams,
  dhe: serverDhParams,
};

/**
 * The public value in a ClientKeyExchange: the client's point (RFC 8422 section 5.7), its dh_Yc (RFC 5246 section
 * 7.4.7.2), or the EncryptedPreMasterSecret (section 7.4.7.1).
 */
const clientKeys: Readonly<Record<KeyExchangeAlgorithm, Codec<Uint8Array>>> = {
  ecdhe: opaque8(1),
  dhe: opaque16(1),
  rsa: opaque16(1),
};

/**
 * The body of a ServerKeyExchange.
 * @throws TlsError `malformed-message`, `trailing-data`, or `illegal-parameter` for a curve that is not a named one.
 */
export function readServerKeyExchange<Algorithm extends keyof ServerParams>(
  algorithm: Algorithm,
  exchangeKeys: Uint8Array,
): SignedParams<ServerParams[Algorithm]> {
  return readWhole('ServerKeyExchange', exchangeKeys, (reader) => {
    const params = serverParams[algorithm].read(reader);
    return { params, signatureScheme: reader.uint16(), signature: reader.vector16() };
  });
}

/** The body of a ServerKeyExchange that {@link readServerKeyExchange} reads. */
export function encodeServerKeyExchange<Algorithm extends keyof ServerParams>(
  algorithm: Algorithm,
  { params, signatureScheme, signature }: SignedParams<ServerParams[Algorithm]>,
): Uint8Array {
  const writer = new Writer();
  serverParams[algorithm].write(writer, params);
  writer.uint16(signatureScheme);
  writer.vector16(signature);
  return writer.finish();
}

/** The bytes of a ServerKeyExchange that its signature covers, after the two randoms. */
export function encodeServerParams<Algorithm extends keyof ServerParams>(
  algorithm: Algorithm,
  params: ServerParams[Algorithm],
): Uint8Array {
  const writer = new Writer();
  serverParams[algorithm].write(writer, params);
  return writer.finish();
}

/**
 * The one value in the body of a ClientKeyExchange: the client's public key, or with RSA key transport the encrypted
 * premaster secret.
 * @throws TlsError `malformed-message`, `trailing-data`.
 */
export function readClientKeyExchange(algorithm: KeyExchangeAlgorithm, exchangeKeys: Uint8Array): Uint8Array {
  return readWhole('ClientKeyExchange', exchangeKeys, (reader) => clientKeys[algorithm].read(reader));
}

/** The body of a ClientKeyExchange that {@link readClientKeyExchange} reads. */
export function encodeClientKeyExchange(algorithm: KeyExchangeAlgorithm, value: Uint8Array): Uint8Array {
  const writer = new Writer(2 + value.length);
  clientKeys[algorithm].write(writer, value);
  return writer.finish();
}

function readWhole<T>(step: string, bytes: Uint8Array, read: (reader: Reader) => T): T {
  const reader = new Reader(bytes);
  try {
    const value = read(reader);
    reader.end();
    return value;
  } catch (error) {
    throw error instanceof TlsError ? error.at(step) : error;
  }
}
