import type { AskRecord, Step, Timeline } from '@handfast/handshake';

/** Milliseconds since the Unix epoch. */
export const start = 1_700_000_000_000.5;

/** A step; times in milliseconds after the start. */
export function step(
  name: Step['name'],
  direction: Step['direction'],
  [from, to]: readonly [number, number],
  more: Partial<Pick<Step, 'waited' | 'bytes' | 'asks'>> = {},
): Step {
  const times = { startedAt: start + from, endedAt: start + to };
  return { name, direction, bytes: 100, waited: 0, spanId: new Uint8Array(8), asks: [], ...times, ...more };
}

/** An ask, of which the service worked `worked` milliseconds. */
export function ask(
  port: AskRecord['port'],
  operation: string,
  [from, to]: readonly [number, number],
  worked: number,
): AskRecord {
  const work = { service: port, instance: '3fa9c1d20b7e5a64', operation, startedAt: 0, duration: worked };
  return {
    port,
    operation,
    spanId: new Uint8Array(8),
    startedAt: start + from,
    endedAt: start + to,
    failure: undefined,
    work: [work],
  };
}

export function timeline(parts: Partial<Timeline>): Timeline {
  return {
    role: 'server',
    clientRandom: new Uint8Array(32).fill(0xc1),
    traceId: new Uint8Array(16).fill(0x7a),
    spanId: new Uint8Array(8),
    startedAt: start,
    state: 'started',
    completedAt: undefined,
    confirmedAt: undefined,
    endedAt: undefined,
    steps: [],
    alerts: [],
    failure: undefined,
    negotiated: {},
    offered: undefined,
    ...parts,
  };
}

/** TLS 1.3 at a gateway whose key exchange is a service elsewhere: 5 ms, confirmed after 6. */
export function confirmed13(): Timeline {
  return timeline({
    state: 'confirmed',
    completedAt: start + 3,
    confirmedAt: start + 6,
    endedAt: start + 6,
    negotiated: {
      protocol: 'TLS 1.3',
      cipherSuite: 'TLS_AES_128_GCM_SHA256',
      group: 'x25519',
      serverSignatureScheme: 'ecdsa_secp256r1_sha256',
      serverName: 'www.example.org',
      applicationProtocol: 'h2',
      clientCertificate: 'not-requested',
    },
    steps: [
      step('ClientHello', 'received', [0.5, 1], { waited: 0.5, bytes: 517 }),
      step('ServerHello', 'sent', [1, 2.5], { bytes: 122, asks: [ask('key-exchange', 'respond', [1.1, 2.4], 0.9)] }),
      step('EncryptedExtensions', 'sent', [2.5, 2.6], { bytes: 13 }),
      step('Certificate', 'sent', [2.6, 2.7], { bytes: 995 }),
      step('CertificateVerify', 'sent', [2.7, 2.8], { bytes: 79 }),
      step('Finished', 'sent', [2.8, 3], { bytes: 36 }),
      step('Finished', 'received', [4.8, 5], { waited: 1.8, bytes: 36 }),
    ],
  });
}
