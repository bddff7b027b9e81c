import { type Codec, list, opaque8, vector16 } from '../codec.ts';
import { TlsError } from '../errors.ts';
import type { Reader } from '../reader.ts';

const hostName = 0;
const maxHostNameLength = 255;

/**
 * RFC 6066 section 3, server_name of a client: `ServerName server_name_list<1..2^16-1>`, where no two names are of the
 * same type and host_name is the only type. So the list holds one name.
 */
export const serverName: Codec<string> = {
  read(reader) {
    const names = reader.nested(2, 1);
    const type = names.uint8();
    if (type !== hostName) throw new TlsError('malformed-message', `name type ${type} is not host_name`);
    const name = readHostName(names.nested(2, 1, maxHostNameLength));
    names.end();
    reader.end();
    return name;
  },
  write(writer, name) {
    const names = writer.open(2);
    writer.uint8(hostName);
    const start = writer.open(2);
    for (let index = 0; index < name.length; index++) {
      const code = name.charCodeAt(index);
      if (!isHostNameByte(code)) throw new TlsError('internal-error', 'cannot encode a server name that is not ASCII');
      writer.uint8(code);
    }
    writer.close(start, 2, 1, maxHostNameLength);
    writer.close(names, 2);
  },
};

/** "The hostname is represented as a byte string using ASCII encoding without a trailing dot." */
function readHostName(reader: Reader): string {
  let name = '';
  while (reader.remaining > 0) {
    const byte = reader.uint8();
    if (!isHostNameByte(byte)) throw new TlsError('malformed-message', `byte ${byte} in a host name`);
    name += String.fromCharCode(byte);
  }
  if (name.endsWith('.')) throw new TlsError('malformed-message', 'a host name with a trailing dot');
  return name;
}

/** Visible ASCII: a name goes into logs and traces, so neither NUL nor a control character may be in it. */
function isHostNameByte(byte: number): boolean {
  return byte > 0x20 && byte < 0x7f;
}

/** RFC 7301 section 3.1, what a client offers: `ProtocolName protocol_name_list<2..2^16-1>`. */
export const protocolNameList: Codec<readonly Uint8Array[]> = vector16(list(opaque8(1)), 2);

/** RFC 7301 section 3.1, what a server chose: the same list with exactly one name. */
export const selectedProtocolName: Codec<Uint8Array> = vector16(opaque8(1), 2);
