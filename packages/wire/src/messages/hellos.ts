import { type Codec, list, opaque, opaque8, uint8, uint16, vector8, vector16 } from '../codec.ts';
import { TlsError } from '../errors.ts';
import { clientHelloExtensions, helloRetryRequestExtensions, serverHelloExtensions } from '../extensions/by-message.ts';
import { fromHex } from '../hex.ts';
import type { ClientHello, HelloRetryRequest, ServerHello } from '../messages.ts';
import type { Reader } from '../reader.ts';
import type { Writer } from '../writer.ts';

/** The random that makes a ServerHello a HelloRetryRequest: SHA-256 of that name (RFC 8446 section 4.1.3). */
export const helloRetryRequestRandom: Uint8Array = fromHex(
  'cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c',
);

const helloRandom = opaque(32);
const sessionId = opaque8(0, 32);
const cipherSuites = vector16(list(uint16), 2, 0xfffe);
const compressionMethods = vector8(list(uint8), 1);

/** RFC 8446 section 4.1.2, RFC 5246 section 7.4.1.2. */
export const clientHello: Codec<ClientHello> = {
  read(reader) {
    const legacyVersion = reader.uint16();
    const random = helloRandom.read(reader);
    const legacySessionId = sessionId.read(reader);
    const suites = cipherSuites.read(reader);
    const legacyCompressionMethods = compressionMethods.read(reader);
    const extensions = readOptional(reader, clientHelloExtensions);
    checkPreSharedKeyIsLast(extensions);
    return {
      type: 'ClientHello',
      legacyVersion,
      random,
      legacySessionId,
      cipherSuites: suites,
      legacyCompressionMethods,
      extensions,
    };
  },
  write(writer, hello) {
    writer.uint16(hello.legacyVersion);
    helloRandom.write(writer, hello.random);
    sessionId.write(writer, hello.legacySessionId);
    cipherSuites.write(writer, hello.cipherSuites);
    compressionMethods.write(writer, hello.legacyCompressionMethods);
    writeOptional(writer, clientHelloExtensions, hello.extensions);
  },
};

/** RFC 8446 sections 4.1.3 and 4.1.4, RFC 5246 section 7.4.1.3. */
export const serverHello: Codec<ServerHello | HelloRetryRequest> = {
  read(reader) {
    const legacyVersion = reader.uint16();
    const random = helloRandom.read(reader);
    const fields = {
      legacyVersion,
      legacySessionIdEcho: sessionId.read(reader),
      cipherSuite: reader.uint16(),
      legacyCompressionMethod: reader.uint8(),
    };
    return isHelloRetryRequest(random)
      ? { type: 'HelloRetryRequest', ...fields, extensions: readOptional(reader, helloRetryRequestExtensions) }
      : { type: 'ServerHello', random, ...fields, extensions: readOptional(reader, serverHelloExtensions) };
  },
  write(writer, hello) {
    writer.uint16(hello.legacyVersion);
    helloRandom.write(writer, hello.type === 'HelloRetryRequest' ? helloRetryRequestRandom : hello.random);
    sessionId.write(writer, hello.legacySessionIdEcho);
    writer.uint16(hello.cipherSuite);
    writer.uint8(hello.legacyCompressionMethod);
    if (hello.type === 'HelloRetryRequest') writeOptional(writer, helloRetryRequestExtensions, hello.extensions);
    else writeOptional(writer, serverHelloExtensions, hello.extensions);
  },
};

/** RFC 5246 section 7.4.1.2: "The presence of extensions can be detected by determining whether there are bytes
 * following the compression_methods at the end". */
function readOptional<T>(reader: Reader, block: Codec<readonly T[]>): readonly T[] {
  return reader.remaining === 0 ? [] : block.read(reader);
}

function writeOptional<T>(writer: Writer, block: Codec<readonly T[]>, extensions: readonly T[]): void {
  if (extensions.length > 0) block.write(writer, extensions);
}

/** RFC 8446 section 4.2.11: "Servers MUST check that it is the last extension". */
function checkPreSharedKeyIsLast(extensions: ClientHello['extensions']): void {
  for (let index = 0; index < extensions.length - 1; index++) {
    if (extensions[index]?.name === 'pre_shared_key') {
      throw new TlsError('illegal-parameter', 'pre_shared_key is not the last extension');
    }
  }
}

function isHelloRetryRequest(random: Uint8Array): boolean {
  return random.every((byte, index) => byte === helloRetryRequestRandom[index]);
}
