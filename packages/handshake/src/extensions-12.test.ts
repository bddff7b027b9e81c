import { makePki } from '@handfast/certificates/testing';
import { describe, expect, test } from 'vitest';
import { acquainted } from '../testing/acquainted.ts';
import { changed, without } from '../testing/habits.ts';
import { credentialOf, Loopback, type LoopbackOptions } from '../testing/loopback.ts';
import { Bout, type Habit } from '../testing/sparring-partner.ts';
import type { Ports } from './index.ts';

const pki = await makePki();
const response = Uint8Array.of(0x30, 1, 2, 3);
const timestamps = [Uint8Array.of(4, 5), Uint8Array.of(6)];

/** A server with something to staple, and a client whose validator takes anything. */
const stapling = {
  pki,
  client: { maxVersion: 'tls12' },
  server: {
    credentials: [{ ...credentialOf(pki.server), ocspResponse: response, signedCertificateTimestamps: timestamps }],
  },
  clientPorts: trusting(() => undefined),
} as const satisfies LoopbackOptions;

const serverHello = (names: string[]): Habit =>
  changed('ServerHello', 'tls13', (hello) => {
    names.push(...hello.extensions.map(({ name }) => name));
    return hello;
  });

describe('stapling in TLS 1.2', () => {
  test('brings the OCSP response in CertificateStatus, and the SCTs in ServerHello, to whoever judges the chain', () => {
    const asked: unknown[] = [];
    const { client } = new Loopback({ ...stapling, clientPorts: trusting((request) => asked.push(request)) }).run();
    expect(client.error).toBeUndefined();
    expect(client.connection.timeline.steps.map(({ name }) => name).slice(2, 5)).toEqual([
      'Certificate',
      'CertificateStatus',
      'ServerKeyExchange',
    ]);
    expect(asked).toMatchObject([{ ocspResponse: response, signedCertificateTimestamps: timestamps, keyUse: 'sign' }]);
    const stapled = { ocspResponse: response, signedCertificateTimestamps: timestamps };
    expect(client.opened?.peer?.stapled).toEqual(stapled);
  });

  test('is remembered with the session, and not sent again', () => {
    const options = acquainted(stapling);
    const names: string[] = [];
    new Bout('client', acquainted(stapling), serverHello(names)).run();
    expect(names).toContain('renegotiation_info');
    expect(names).not.toContain('status_request');
    expect(names).not.toContain('signed_certificate_timestamp');
    expect(names).not.toContain('server_name');
    const { client } = new Loopback(options).run();
    expect(client.opened?.resumed).toBe(true);
    expect(client.opened?.peer?.stapled?.ocspResponse).toEqual(response);
  });

  test('comes to no client that does not ask for it', () => {
    const client = { maxVersion: 'tls12', certificateStatus: 'off', signedCertificateTimestamps: 'off' } as const;
    const names: string[] = [];
    const { subject } = new Bout('client', { ...stapling, client }, serverHello(names)).run();
    expect(subject.opened?.peer?.stapled).toEqual({ ocspResponse: undefined, signedCertificateTimestamps: [] });
    expect(names).not.toContain('status_request');
  });

  test('may be announced, and then not come', () => {
    const { subject } = new Bout('client', stapling, without('CertificateStatus')).run();
    // The partner's transcript has the message that it did not send, so that it does not answer to Finished.
    expect(subject.error).toBeUndefined();
    expect(subject.connection.timeline.steps.at(-1)).toMatchObject({ name: 'Finished', direction: 'sent' });
  });

  test('may not come where it was not announced', () => {
    const unannounced = changed('ServerHello', 'tls13', (hello) => ({
      ...hello,
      extensions: hello.extensions.filter(({ name }) => name !== 'status_request'),
    }));
    const { subject } = new Bout('client', stapling, unannounced).run();
    expect(subject.error).toMatchObject({ reason: 'unexpected-message', step: 'CertificateStatus' });
  });
});

describe('the size of records in TLS 1.2', () => {
  const long = new Uint8Array(20_000).fill(65);

  /** The longest record of each side that carries application data, with its protection. */
  function longest(options: LoopbackOptions): readonly [client: number, server: number] {
    const seen = { client: 0, server: 0 };
    const loopback = new Loopback({
      ...options,
      carry: (bytes, from) => {
        for (let at = 0; at < bytes.length; ) {
          const length = ((bytes[at + 3] ?? 0) << 8) | (bytes[at + 4] ?? 0);
          seen[from] = Math.max(seen[from], bytes[at] === 23 ? length : 0);
          at += 5 + length;
        }
        return [bytes];
      },
    }).run();
    const { client, server } = loopback;
    expect([client.error, server.error]).toEqual([undefined, undefined]);
    client.connection.write(long);
    server.connection.write(long);
    loopback.deliver();
    expect([client.received.length, server.received.length]).toEqual([20_000, 20_000]);
    return [seen.client, seen.server];
  }

  /** The explicit nonce and the tag. */
  const overhead = 8 + 16;

  test.for<[options: Partial<LoopbackOptions>, client: number, server: number]>([
    [{ client: {} }, 16_384, 16_384],
    [{ client: { maxFragmentLength: 512 } }, 512, 512],
    [{ client: { maxFragmentLength: 4096 } }, 4096, 4096],
    [{ client: { recordSizeLimit: 100 } }, 16_384, 100],
    [{ client: { recordSizeLimit: 100 }, server: { recordSizeLimit: 200 } }, 200, 100],
    [{ client: { recordSizeLimit: 16_385 }, server: { recordSizeLimit: 16_385 } }, 16_384, 16_384],
    [{ client: { recordSizeLimit: 100, maxFragmentLength: 512 } }, 16_384, 100],
    [{ server: { recordSizeLimit: 200 } }, 16_384, 16_384],
  ])('%j: %i and %i bytes', ([options, client, server]) => {
    const limited = { pki, ...options, client: { maxVersion: 'tls12', ...options.client } } as const;
    expect(longest(limited)).toEqual([client + overhead, server + overhead]);
    expect(longest(acquainted(limited))).toEqual([client + overhead, server + overhead]);
  });

  test('a peer that does not keep to it is refused', () => {
    const client = { maxVersion: 'tls12', recordSizeLimit: 100 } as const;
    const bout = new Bout('client', { pki, client }, (effect) =>
      effect.kind === 'limit-records' ? [] : [effect],
    ).run();
    bout.partner.act({ kind: 'record', type: 'application_data', fragment: new Uint8Array(101) });
    bout.deliver();
    expect(bout.subject.error).toMatchObject({ reason: 'record-too-long', alert: 'record_overflow' });
  });

  test.for([
    ['another length', { name: 'max_fragment_length', value: 2 }],
    ['both', { name: 'record_size_limit', value: 100 }],
  ] as const)('a server that answers with %s is refused', ([what, extension]) => {
    const client = {
      maxVersion: 'tls12',
      maxFragmentLength: 512,
      recordSizeLimit: what === 'both' ? 100 : undefined,
    } as const;
    const habit: Habit = changed('ServerHello', 'tls13', (hello) => ({
      ...hello,
      extensions: [
        ...hello.extensions.filter(({ name }) => name !== extension.name),
        ...(what === 'both' ? [{ name: 'max_fragment_length', value: 1 } as const] : []),
        extension,
      ],
    }));
    const { subject } = new Bout('client', { pki, client }, habit).run();
    expect(subject.error).toMatchObject({ reason: 'illegal-parameter', step: 'ServerHello' });
  });
});

test('a server says that it has looked at the name, where it has a certificate for it', () => {
  for (const [serverName, acknowledged] of [
    ['localhost', true],
    ['elsewhere.example', false],
  ] as const) {
    const names: string[] = [];
    const client = { maxVersion: 'tls12', serverName } as const;
    new Bout('client', { pki, client }, serverHello(names)).run();
    expect(names.includes('server_name')).toBe(acknowledged);
  }
});

/** Ports whose validator does not mind what was stapled, and tells what it was asked. */
function trusting(note: (request: unknown) => unknown): (ports: Ports) => Ports {
  return ({ certificates, ...ports }) => ({
    ...ports,
    certificates: {
      authorities: (context) => certificates.authorities(context),
      credentials: (context) => certificates.credentials(context),
      validate: (request, context) => {
        note(request);
        return certificates.validate({ ...request, ocspResponse: undefined }, context);
      },
    },
  });
}
