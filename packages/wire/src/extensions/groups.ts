import { type Codec, list, uint8, uint16, vector8, vector16 } from '../codec.ts';
import type { KeyShareEntry } from '../extensions.ts';

/** RFC 8446 section 4.2.7: `NamedGroup named_group_list<2..2^16-1>`. */
export const supportedGroups = vector16(list(uint16), 2);

/** RFC 8422 section 5.1.2: `ECPointFormat ec_point_format_list<1..2^8-1>`. */
export const ecPointFormats = vector8(list(uint8), 1);

/** RFC 8446 section 4.2.8, KeyShareEntry; the whole key_share of a ServerHello. */
export const keyShareEntry: Codec<KeyShareEntry> = {
  read(reader) {
    const group = reader.uint16();
    return { group, keyExchange: reader.vector16(1) };
  },
  write(writer, { group, keyExchange }) {
    writer.uint16(group);
    writer.vector16(keyExchange, 1);
  },
};

/** RFC 8446 section 4.2.8: `KeyShareEntry client_shares<0..2^16-1>`; empty asks the server to choose the group. */
export const clientShares = vector16(list(keyShareEntry), 0);

/** RFC 8446 section 4.2.8, key_share of a HelloRetryRequest: `NamedGroup selected_group`. */
export const selectedGroup = uint16;
