import type { Codec } from '../codec.ts';
import { TlsError } from '../errors.ts';
import type { ClientKeyExchange, ServerEcdhParams, ServerKeyExchange } from '../messages.ts';
import { ECCurveType } from '../registries.ts';
import { Writer } from '../writer.ts';

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

/** RFC 8422 section 5.4. */
export const serverKeyExchange: Codec<ServerKeyExchange> = {
  read(reader) {
    const params = serverEcdhParams.read(reader);
    const signatureScheme = reader.uint16();
    return { type: 'ServerKeyExchange', params, signatureScheme, signature: reader.vector16() };
  },
  write(writer, message) {
    serverEcdhParams.write(writer, message.params);
    writer.uint16(message.signatureScheme);
    writer.vector16(message.signature);
  },
};

/** RFC 8422 section 5.7. */
export const clientKeyExchange: Codec<ClientKeyExchange> = {
  read: (reader) => ({ type: 'ClientKeyExchange', publicKey: reader.vector8(1) }),
  write: (writer, message) => writer.vector8(message.publicKey, 1),
};

/**
 * The bytes of a ServerKeyExchange that its signature covers, after the two randoms (RFC 8422 section 5.4): curve type,
 * named curve, and the public key with its length of 1 byte.
 */
export function encodeServerEcdhParams(params: ServerEcdhParams): Uint8Array {
  const writer = new Writer(4 + params.publicKey.length);
  serverEcdhParams.write(writer, params);
  return writer.finish();
}
