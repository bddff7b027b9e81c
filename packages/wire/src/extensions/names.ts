import { type Codec, list, opaque8, vector16 } from '../codec.ts';
import { TlsError } from '../errors.ts';

const hostNameType = 0;
const maxHostNameLength = 255;

/** "ASCII encoding without a trailing dot". Only visible ASCII: a name goes into logs, so no NUL or control character. */
const hostName = /^[!-~]+(?<!\.)$/;

/**
 * RFC 6066 section 3, server_name of a client: `ServerName server_name_list<1..2^16-1>`, where no two names are of the
 * same type and host_name is the only type. So the list holds one name.
 */
export const serverName: Codec<string> = {
  read(reader) {
    const names = reader.nested(2, 1);
    const type = names.uint8();
    if (type !== hostNameType) throw new TlsError('malformed-message', `name type ${type} is not host_name`);
    let name = '';
    for (const byte of names.vector16(1, maxHostNameLength)) name += String.fromCharCode(byte);
    names.end();
    if (!hostName.test(name)) throw new TlsError('malformed-message', 'the host name is not ASCII, or ends with a dot');
    return name;
  },
  write(writer, name) {
    if (!hostName.test(name)) throw new TlsError('internal-error', 'cannot encode this host name');
    const names = writer.open(2);
    writer.uint8(hostNameType);
    const start = writer.open(2);
    for (let index = 0; index < name.length; index++) writer.uint8(name.charCodeAt(index));
    writer.close(start, 2, 1, maxHostNameLength);
    writer.close(names, 2);
  },
};

/** RFC 7301 section 3.1, what a client offers: `ProtocolName protocol_name_list<2..2^16-1>`. */
export const protocolNameList: Codec<readonly Uint8Array[]> = vector16(list(opaque8(1)), 2);

/** RFC 7301 section 3.1, what a server chose: the same list with exactly one name. */
export const selectedProtocolName: Codec<Uint8Array> = vector16(opaque8(1), 2);
