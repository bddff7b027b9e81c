import { type Codec, list, opaque8, opaque16, uint16, vector8 } from '../codec.ts';
import { TlsError } from '../errors.ts';

/** RFC 8446 section 4.2.1, supported_versions of a client: `ProtocolVersion versions<2..254>`. */
export const supportedVersions = vector8(list(uint16), 2, 254);

/** RFC 8446 section 4.2.1, supported_versions of a server: `ProtocolVersion selected_version`. */
export const selectedVersion = uint16;

/** RFC 8446 section 4.2.2: `opaque cookie<1..2^16-1>`. */
export const cookie = opaque16(1);

/** RFC 5746 section 3.2: `opaque renegotiated_connection<0..255>`. */
export const renegotiationInfo = opaque8(0);

/** RFC 6066 section 4: a MaxFragmentLength, 1 to 4; "a value other than the allowed values" is illegal_parameter. */
export const maxFragmentLength: Codec<number> = {
  read(reader) {
    const code = reader.uint8();
    if (code < 1 || code > 4) throw new TlsError('illegal-parameter', `${code} is no MaxFragmentLength`);
    return code;
  },
  write: (writer, code) => writer.uint8(code),
};

/** RFC 8449 section 4: `uint16 RecordSizeLimit`; a value below 64 is illegal_parameter. */
export const recordSizeLimit: Codec<number> = {
  read(reader) {
    const limit = reader.uint16();
    if (limit < 64) throw new TlsError('illegal-parameter', `a record size limit of ${limit}`);
    return limit;
  },
  write: (writer, limit) => writer.uint16(limit),
};

/** RFC 7685 section 3: "The client MUST fill the padding extension completely with zero bytes". */
export const padding: Codec<number> = {
  read(reader) {
    const bytes = reader.rest();
    if (bytes.some((byte) => byte !== 0)) throw new TlsError('illegal-parameter', 'padding that is not zero');
    return bytes.length;
  },
  write(writer, length) {
    writer.zeros(length);
  },
};
