import { type Codec, list, opaque8, rest, uint8, uint16, uint32, vector8, vector16 } from '../codec.ts';
import { TlsError } from '../errors.ts';
import type { OfferedPsks, PskIdentity } from '../extensions.ts';

/** RFC 8446 section 4.2.9: `PskKeyExchangeMode ke_modes<1..255>`. */
export const pskKeyExchangeModes = vector8(list(uint8), 1);

const pskIdentity: Codec<PskIdentity> = {
  read(reader) {
    const identity = reader.vector16(1);
    return { identity, obfuscatedTicketAge: reader.uint32() };
  },
  write(writer, { identity, obfuscatedTicketAge }) {
    writer.vector16(identity, 1);
    writer.uint32(obfuscatedTicketAge);
  },
};

const pskIdentities = vector16(list(pskIdentity), 7);
/** `PskBinderEntry<32..255>`; a shorter one proves as little as a wrong one, which is for whoever verifies it to say. */
const pskBinders = vector16(list(opaque8(1)), 2);

/** RFC 8446 section 4.2.11, pre_shared_key of a client: `PskIdentity identities<7..2^16-1>` and as many
 * `PskBinderEntry binders<33..2^16-1>`. */
export const offeredPsks: Codec<OfferedPsks> = {
  read(reader) {
    const identities = pskIdentities.read(reader);
    const binders = pskBinders.read(reader);
    if (identities.length !== binders.length) {
      throw new TlsError('illegal-parameter', `${identities.length} identities, ${binders.length} binders`);
    }
    return { identities, binders };
  },
  write(writer, { identities, binders }) {
    pskIdentities.write(writer, identities);
    pskBinders.write(writer, binders);
  },
};

/** RFC 8446 section 4.2.11, pre_shared_key of a server: `uint16 selected_identity`. */
export const selectedIdentity = uint16;

/** RFC 8446 section 4.2.10, early_data of a NewSessionTicket: `uint32 max_early_data_size`. */
export const maxEarlyDataSize = uint32;

/** RFC 5077 section 3.2, session_ticket of a client: the ticket is the whole content, without a length of its own. */
export const sessionTicket = rest;
