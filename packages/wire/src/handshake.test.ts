import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { arbitraryMessages } from '../test/arbitrary-messages.ts';
import { TlsError } from './errors.ts';
import { decodeHandshake, encodeHandshake } from './handshake.ts';
import { helloRetryRequestRandom } from './messages/hellos.ts';
import type { ClientHello, HandshakeMessage, MessageVersion } from './messages.ts';
import { HandshakeType } from './registries.ts';

const hello: ClientHello = {
  type: 'ClientHello',
  legacyVersion: 0x0303,
  random: new Uint8Array(32).fill(7),
  legacySessionId: new Uint8Array(),
  cipherSuites: [0x1301],
  legacyCompressionMethods: [0],
  extensions: [],
};

/** Body and header with the length that fits. */
function framed(type: number, body: Uint8Array): Uint8Array {
  return Uint8Array.of(type, body.length >>> 16, body.length >>> 8, body.length, ...body);
}

/** Decodes; a TlsError is undefined, and any other error is the test's failure. */
function decodeOrRefuse(bytes: Uint8Array, version: MessageVersion): HandshakeMessage | undefined {
  try {
    return decodeHandshake(bytes, version);
  } catch (error) {
    expect(error).toBeInstanceOf(TlsError);
    return undefined;
  }
}

function refusal(bytes: Uint8Array, version: MessageVersion = 'tls13', sender?: 'client' | 'server'): TlsError {
  try {
    decodeHandshake(bytes, version, sender);
  } catch (error) {
    if (error instanceof TlsError) return error;
    throw error;
  }
  throw new Error('it was decoded');
}

describe.for(Object.entries(arbitraryMessages))('%s', ([, { version, message }]) => {
  it('decodes to what was encoded', () => {
    fc.assert(
      fc.property(message, (original) => {
        expect(decodeHandshake(encodeHandshake(original), version)).toEqual(original);
      }),
    );
  });

  it('is refused at every truncation, and with bytes after it', () => {
    fc.assert(
      fc.property(message, fc.uint8Array({ minLength: 1, maxLength: 9 }), (original, padding) => {
        const bytes = encodeHandshake(original);
        for (let length = 0; length < bytes.length; length++) {
          expect(refusal(bytes.subarray(0, length), version).alert).toBe('decode_error');
        }
        expect(refusal(Uint8Array.of(...bytes, ...padding), version).reason).toBe('trailing-data');
      }),
      { numRuns: 20 },
    );
  });

  it('throws nothing but TlsError when a byte is changed, and what it decodes then it can encode', () => {
    fc.assert(
      fc.property(message, fc.nat(), fc.integer({ min: 1, max: 255 }), (original, seed, change) => {
        const bytes = encodeHandshake(original);
        const at = seed % bytes.length;
        bytes[at] = (bytes[at] ?? 0) ^ change;
        const decoded = decodeOrRefuse(bytes, version);
        if (decoded !== undefined) expect(decodeHandshake(encodeHandshake(decoded), version)).toEqual(decoded);
      }),
      { numRuns: 300 },
    );
  });
});

/** What these hold depends on the cipher suite, and is read in a second step: any bytes are right until then. */
const opaqueMessages: readonly string[] = ['ServerKeyExchange', 'ClientKeyExchange'];

describe.for(Object.entries(arbitraryMessages).filter(([name]) => !opaqueMessages.includes(name)))(
  '%s',
  ([, { version, message }]) => {
    it('is refused when the header agrees with a byte too many', () => {
      fc.assert(
        fc.property(message, fc.integer({ min: 0, max: 255 }), (original, byte) => {
          const bytes = encodeHandshake(original);
          refusal(framed(bytes[0] ?? 0, Uint8Array.of(...bytes.subarray(4), byte)), version);
        }),
      );
    });

    it('is refused when the header agrees with a truncation, but for a hello cut off before its extensions', () => {
      fc.assert(
        fc.property(message, (original) => {
          const bytes = encodeHandshake(original);
          for (let length = 4; length < bytes.length; length++) {
            const decoded = decodeOrRefuse(framed(bytes[0] ?? 0, bytes.subarray(4, length)), version);
            if (decoded !== undefined) expect(decoded).toEqual({ ...original, extensions: [] });
          }
        }),
        { numRuns: 20 },
      );
    });
  },
);

describe('decodeHandshake', () => {
  it('throws nothing but TlsError for random bytes of every handshake type', () => {
    const type = fc.oneof(fc.constantFrom(...Object.values(HandshakeType)), fc.integer({ min: 0, max: 255 }));
    const version = fc.constantFrom<MessageVersion>('tls12', 'tls13');
    fc.assert(
      fc.property(type, fc.uint8Array({ maxLength: 400 }), version, (type, body, version) => {
        decodeOrRefuse(body, version);
        decodeOrRefuse(framed(type, body), version);
      }),
      { numRuns: 3000 },
    );
  });

  it('believes no length before the bytes are there', () => {
    const before = process.memoryUsage().arrayBuffers;
    for (let count = 0; count < 100; count++) {
      expect(refusal(Uint8Array.of(HandshakeType.certificate, 0xff, 0xff, 0xff)).reason).toBe('malformed-message');
      expect(refusal(framed(HandshakeType.certificate, Uint8Array.of(0, 0xff, 0xff, 0xff))).reason).toBe(
        'malformed-message',
      );
    }
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(2 ** 24);
  });

  it('gives views of the bytes, plain ones even of a Buffer', () => {
    const buffer = Buffer.from(encodeHandshake(hello));
    const decoded = decodeHandshake(buffer, 'tls13') as ClientHello;
    expect(decoded.random.buffer).toBe(buffer.buffer);
    expect(Object.getPrototypeOf(decoded.random)).toBe(Uint8Array.prototype);
    buffer[6] = 99;
    expect(decoded.random[0]).toBe(99);
  });

  it('tells a HelloRetryRequest from a ServerHello by its random', () => {
    const fields = { legacyVersion: 0x0303, legacySessionIdEcho: new Uint8Array(), cipherSuite: 0x1301 };
    const random = helloRetryRequestRandom.slice();
    const encode = (random: Uint8Array) =>
      encodeHandshake({ type: 'ServerHello', ...fields, random, legacyCompressionMethod: 0, extensions: [] });
    expect(decodeHandshake(encode(random), 'tls13').type).toBe('HelloRetryRequest');
    random[31] = 0;
    expect(decodeHandshake(encode(random), 'tls13').type).toBe('ServerHello');
  });

  it('reads a hello with an empty extension block like one without', () => {
    const bytes = encodeHandshake(hello);
    const withBlock = framed(HandshakeType.client_hello, Uint8Array.of(...bytes.subarray(4), 0, 0));
    expect(bytes.length).toBe(4 + 2 + 32 + 1 + 4 + 2);
    expect(decodeHandshake(withBlock, 'tls12')).toEqual(hello);
  });

  it.for<[string, MessageVersion, number]>([
    ['HelloRequest', 'tls13', HandshakeType.hello_request],
    ['ServerHelloDone', 'tls13', HandshakeType.server_hello_done],
    ['ServerKeyExchange', 'tls13', HandshakeType.server_key_exchange],
    ['ClientKeyExchange', 'tls13', HandshakeType.client_key_exchange],
    ['CertificateStatus', 'tls13', HandshakeType.certificate_status],
    ['EncryptedExtensions', 'tls12', HandshakeType.encrypted_extensions],
    ['EndOfEarlyData', 'tls12', HandshakeType.end_of_early_data],
    ['KeyUpdate', 'tls12', HandshakeType.key_update],
    ['CompressedCertificate', 'tls12', HandshakeType.compressed_certificate],
    ['message_hash, which is never sent', 'tls13', HandshakeType.message_hash],
    ['an unknown type', 'tls13', 99],
  ])('does not expect %s in %s', ([, version, type]) => {
    expect(refusal(framed(type, new Uint8Array()), version).reason).toBe('unexpected-message');
  });

  it('does not expect from one side what only the other sends', () => {
    const bytes = encodeHandshake(hello);
    expect(decodeHandshake(bytes, 'tls13', 'client').type).toBe('ClientHello');
    expect(refusal(bytes, 'tls13', 'server')).toMatchObject({ reason: 'unexpected-message', step: 'ClientHello' });
    const done = encodeHandshake({ type: 'ServerHelloDone' });
    expect(refusal(done, 'tls12', 'client')).toMatchObject({ reason: 'unexpected-message', step: 'ServerHelloDone' });
  });

  it('refuses a ClientHello where anything comes after pre_shared_key', () => {
    const psks = {
      identities: [{ identity: Uint8Array.of(1), obfuscatedTicketAge: 0 }],
      binders: [new Uint8Array(32)],
    };
    const preSharedKey = { name: 'pre_shared_key', value: psks } as const;
    const unknown = { name: 'unknown', type: 0x0a0a, data: new Uint8Array() } as const;
    const last = encodeHandshake({ ...hello, extensions: [unknown, preSharedKey] });
    expect(decodeHandshake(last, 'tls13')).toMatchObject({ extensions: [unknown, preSharedKey] });
    const notLast = encodeHandshake({ ...hello, extensions: [preSharedKey, unknown] });
    expect(refusal(notLast)).toMatchObject({ alert: 'illegal_parameter', step: 'ClientHello' });
  });

  it('names the message and the extension that is malformed', () => {
    const bytes = encodeHandshake({ ...hello, extensions: [{ name: 'unknown', type: 10, data: Uint8Array.of(0, 0) }] });
    const error = refusal(bytes);
    expect(error.step).toBe('ClientHello');
    expect(error.detail).toContain('supported_groups');
  });

  it.for([0, 11, 13, 32])('refuses a Finished of TLS 1.2 with %i bytes', (length) => {
    expect(refusal(framed(HandshakeType.finished, new Uint8Array(length)), 'tls12').alert).toBe('decode_error');
  });

  it.for([32, 48])('reads a Finished of TLS 1.3 with %i bytes, for SHA-256 or SHA-384', (length) => {
    const message: HandshakeMessage = { type: 'Finished', verifyData: new Uint8Array(length).fill(1) };
    expect(decodeHandshake(encodeHandshake(message), 'tls13')).toEqual(message);
  });

  it.for([0, 12, 31, 33, 64])('refuses a Finished of TLS 1.3 with %i bytes', (length) => {
    expect(refusal(framed(HandshakeType.finished, new Uint8Array(length)), 'tls13').alert).toBe('decode_error');
  });

  it('refuses a KeyUpdate that asks for neither 0 nor 1', () => {
    expect(refusal(framed(HandshakeType.key_update, Uint8Array.of(2))).alert).toBe('illegal_parameter');
  });

  it('refuses a CertificateStatus that is not OCSP', () => {
    const body = Uint8Array.of(2, 0, 0, 1, 0);
    expect(refusal(framed(HandshakeType.certificate_status, body), 'tls12').reason).toBe('malformed-message');
  });

  it.for<[string, number, MessageVersion, readonly number[]]>([
    ['a certificate of no bytes', HandshakeType.certificate, 'tls12', [0, 0, 3, 0, 0, 0]],
    ['an entry with a certificate of no bytes', HandshakeType.certificate, 'tls13', [0, 0, 0, 5, 0, 0, 0, 0, 0]],
    ['a CertificateRequest without extensions', HandshakeType.certificate_request, 'tls13', [0, 0, 0]],
    ['a CertificateRequest without types', HandshakeType.certificate_request, 'tls12', [0, 0, 2, 4, 3, 0, 0]],
    ['a CertificateRequest without algorithms', HandshakeType.certificate_request, 'tls12', [1, 1, 0, 0, 0, 0]],
    [
      'a CertificateRequest with an empty name',
      HandshakeType.certificate_request,
      'tls12',
      [1, 1, 0, 2, 4, 3, 0, 2, 0, 0],
    ],
    ['a ticket of no bytes', HandshakeType.new_session_ticket, 'tls13', [0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 0, 0]],
    ['a compressed certificate of no bytes', HandshakeType.compressed_certificate, 'tls13', [0, 1, 0, 0, 9, 0, 0, 0]],
  ])('refuses %s', ([, type, version, body]) => {
    expect(refusal(framed(type, Uint8Array.from(body)), version).alert).toBe('decode_error');
  });

  it.for<[string, Partial<Record<'sessionId' | 'suites' | 'methods', readonly number[]>>]>([
    ['a session ID of 33 bytes', { sessionId: [33, ...new Array<number>(33).fill(0)] }],
    ['no cipher suites', { suites: [0, 0] }],
    ['half a cipher suite', { suites: [0, 3, 0x13, 1, 0x13] }],
    ['no compression methods', { methods: [0] }],
  ])('refuses a ClientHello with %s', ([, { sessionId = [0], suites = [0, 2, 0x13, 1], methods = [1, 0] }]) => {
    const body = Uint8Array.of(3, 3, ...new Uint8Array(32), ...sessionId, ...suites, ...methods);
    expect(refusal(framed(HandshakeType.client_hello, body)).alert).toBe('decode_error');
  });
});

describe('encodeHandshake', () => {
  it('gives an array of its own that is exactly as long as the message', () => {
    const first = encodeHandshake(hello);
    const copy = first.slice();
    expect(first.buffer.byteLength).toBe(first.length);
    encodeHandshake({ type: 'Finished', verifyData: new Uint8Array(48).fill(255) });
    expect(first).toEqual(copy);
  });

  it('goes on properly after a message that could not be encoded', () => {
    const good = encodeHandshake(hello);
    expect(() => encodeHandshake({ ...hello, legacySessionId: new Uint8Array(33) })).toThrow(TlsError);
    expect(encodeHandshake(hello)).toEqual(good);
  });

  it.for<[string, HandshakeMessage]>([
    ['a random that is not 32 bytes', { ...hello, random: new Uint8Array(31) }],
    ['a list that must not be empty', { ...hello, cipherSuites: [] }],
    [
      'extensions of more than 65535 bytes',
      { ...hello, extensions: [{ name: 'cookie', value: new Uint8Array(0xfffd) }] },
    ],
    ['a host name that is not ASCII', { ...hello, extensions: [{ name: 'server_name', value: 'bücher.example' }] }],
    ['a host name with a trailing dot', { ...hello, extensions: [{ name: 'server_name', value: 'example.org.' }] }],
  ])('refuses %s', ([, message]) => {
    expect(() => encodeHandshake(message)).toThrow(expect.objectContaining({ reason: 'internal-error' }));
  });
});
