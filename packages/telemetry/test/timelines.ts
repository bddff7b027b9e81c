import type { AskRecord, Negotiated, Offered, Step, Timeline } from '@handfast/handshake';

/** Milliseconds since the epoch, with a fraction as clocks have it. */
export const start = 1_700_000_000_123.25;

let spans = 0;

function spanId(): Uint8Array {
  spans += 1;
  const id = new Uint8Array(8).fill(0x5a);
  new DataView(id.buffer).setUint32(4, spans);
  return id;
}

/** A step; times in milliseconds after the start. */
export function step(
  name: Step['name'],
  direction: Step['direction'],
  [from, to]: readonly [number, number],
  { waited = 0, bytes = 100, asks = [] }: { waited?: number; bytes?: number; asks?: readonly AskRecord[] } = {},
): Step {
  return { name, direction, bytes, startedAt: start + from, endedAt: start + to, waited, spanId: spanId(), asks };
}

/** An ask that took from `from` to `to`, of which its service worked the middle half. */
export function ask(
  port: AskRecord['port'],
  operation: string,
  [from, to]: readonly [number, number],
  { instance = `${port}-1`, clockOffset = 0 }: { instance?: string; clockOffset?: number } = {},
): AskRecord {
  const duration = (to - from) / 2;
  const startedAt = start + from + duration / 2 + clockOffset;
  return {
    port,
    operation,
    spanId: spanId(),
    startedAt: start + from,
    endedAt: start + to,
    failure: undefined,
    work: [{ service: port, instance, operation, startedAt, duration }],
  };
}

const negotiated12: Negotiated = {
  protocol: 'TLS 1.2',
  cipherSuite: 'TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256',
  group: 'x25519',
  serverSignatureScheme: 'ecdsa_secp256r1_sha256',
  clientSignatureScheme: 'ecdsa_secp256r1_sha256',
  serverName: 'directory.example',
  applicationProtocol: 'http/1.1',
  helloRetried: false,
  extendedMasterSecret: true,
  clientCertificate: 'presented',
  serverChain: [new Uint8Array([1, 2, 3])],
  clientChain: [new Uint8Array([4, 5, 6])],
  peerSubject: 'CN=alice,DC=example',
};

const offered: Offered = {
  versions: ['TLS 1.2'],
  cipherSuites: ['TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256', 'TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256'],
  groups: ['x25519', 'secp256r1'],
  applicationProtocols: ['http/1.1'],
};

const negotiated13: Negotiated = { ...negotiated12, protocol: 'TLS 1.3', cipherSuite: 'TLS_AES_128_GCM_SHA256' };

function timeline(parts: Partial<Timeline>): Timeline {
  return {
    role: 'server',
    offered,
    clientRandom: new Uint8Array(32).fill(0xc1),
    traceId: new Uint8Array(16).fill(0x7a),
    spanId: new Uint8Array(8).fill(0x01),
    startedAt: start,
    state: 'confirmed',
    completedAt: undefined,
    confirmedAt: undefined,
    endedAt: undefined,
    steps: [],
    alerts: [],
    failure: undefined,
    negotiated: {},
    ...parts,
  };
}

/** The thirteen messages of TLS 1.2 with mutual authentication, at the server, its ports on the bus. */
export function mutual12(): Timeline {
  return timeline({
    completedAt: start + 11,
    confirmedAt: start + 14,
    endedAt: start + 14,
    negotiated: negotiated12,
    steps: [
      step('ClientHello', 'received', [1, 1.2], { waited: 1, bytes: 230 }),
      step('ServerHello', 'sent', [1.2, 1.3]),
      step('Certificate', 'sent', [1.3, 1.4], { bytes: 900 }),
      step('ServerKeyExchange', 'sent', [1.4, 3], { asks: [ask('key-exchange', 'offer', [1.5, 2.9])] }),
      step('CertificateRequest', 'sent', [3, 3.1]),
      step('ServerHelloDone', 'sent', [3.1, 3.2]),
      step('Certificate', 'received', [6, 7.5], { waited: 2.8, asks: [ask('certificate', 'validate', [6.1, 7.4])] }),
      step('ClientKeyExchange', 'received', [7.5, 9], { asks: [ask('key-exchange', 'accept', [7.6, 8.9])] }),
      step('CertificateVerify', 'received', [9, 9.3]),
      step('ChangeCipherSpec', 'received', [9.3, 9.4], { bytes: 1 }),
      step('Finished', 'received', [9.4, 9.6], { bytes: 16 }),
      step('ChangeCipherSpec', 'sent', [9.6, 9.7], { bytes: 1 }),
      step('Finished', 'sent', [9.7, 11], { bytes: 16, asks: [ask('session', 'register', [9.8, 10.9])] }),
    ],
  });
}

/** TLS 1.3 at the server, with the work of a remote key exchange. */
export function full13(): Timeline {
  return timeline({
    completedAt: start + 5,
    confirmedAt: start + 6,
    endedAt: start + 6,
    negotiated: negotiated13,
    steps: [
      step('ClientHello', 'received', [0.5, 2.5], { waited: 0.5, asks: [ask('key-exchange', 'respond', [0.6, 2.4])] }),
      step('ServerHello', 'sent', [2.5, 2.6]),
      step('EncryptedExtensions', 'sent', [2.6, 2.7]),
      step('Certificate', 'sent', [2.7, 2.8]),
      step('CertificateVerify', 'sent', [2.8, 2.9]),
      step('Finished', 'sent', [2.9, 3]),
      step('Finished', 'received', [4.8, 5], { waited: 1.8 }),
    ],
  });
}

/** TLS 1.3 after a HelloRetryRequest, at the client. */
export function retried13(): Timeline {
  return timeline({
    role: 'client',
    completedAt: start + 9,
    confirmedAt: start + 9.5,
    endedAt: start + 9.5,
    negotiated: { ...negotiated13, helloRetried: true },
    steps: [
      step('ClientHello', 'sent', [0, 0.4]),
      step('HelloRetryRequest', 'received', [2, 2.1], { waited: 1.6 }),
      step('ClientHello', 'sent', [2.1, 2.5]),
      step('ServerHello', 'received', [6, 6.5], { waited: 3.5 }),
      step('EncryptedExtensions', 'received', [6.5, 6.6]),
      step('Certificate', 'received', [6.6, 7]),
      step('CertificateVerify', 'received', [7, 7.5]),
      step('Finished', 'received', [7.5, 8]),
      step('Finished', 'sent', [8, 9]),
    ],
  });
}

/** The server finds no path from the client's certificate to an anchor. */
export function refused13(): Timeline {
  const { steps } = full13();
  return timeline({
    state: 'failed',
    endedAt: start + 6,
    negotiated: negotiated13,
    steps: [
      ...steps.slice(0, 6),
      step('Certificate', 'received', [5, 6], { waited: 2, asks: [ask('certificate', 'validate', [5.1, 5.9])] }),
    ],
    alerts: [{ from: 'us', alert: 'unknown_ca', level: 'fatal', at: start + 6 }],
    failure: {
      reason: 'certificate-issuer-unknown',
      by: 'us',
      alert: 'unknown_ca',
      step: 'Certificate',
      detail: 'no trust anchor for CN=Some CA',
      at: start + 6,
      late: undefined,
    },
  });
}

/** The client refuses the server's certificate while the server waits for its next flight. */
export function rejected12(): Timeline {
  return timeline({
    state: 'failed',
    endedAt: start + 8,
    negotiated: negotiated12,
    steps: mutual12().steps.slice(0, 6),
    alerts: [{ from: 'peer', alert: 'bad_certificate', level: 'fatal', at: start + 8 }],
    failure: {
      reason: 'peer-alert',
      by: 'peer',
      alert: 'bad_certificate',
      step: 'ServerHelloDone',
      detail: 'the client sent bad_certificate',
      at: start + 8,
      late: undefined,
    },
  });
}

/** TLS 1.3: our Finished was done when the client refused our certificate. */
export function rejectedLate13(): Timeline {
  return timeline({
    state: 'failed',
    completedAt: start + 3,
    endedAt: start + 5.5,
    negotiated: negotiated13,
    steps: full13().steps.slice(0, 6),
    alerts: [{ from: 'peer', alert: 'unknown_ca', level: 'fatal', at: start + 5.5 }],
    failure: {
      reason: 'peer-alert',
      by: 'peer',
      alert: 'unknown_ca',
      step: 'Finished',
      detail: 'the client sent unknown_ca',
      at: start + 5.5,
      late: 2.5,
    },
  });
}

/** TLS 1.3: our Finished was done when the client sent no certificate, and we want one. */
export function refusedLate13(): Timeline {
  return timeline({
    state: 'failed',
    completedAt: start + 3,
    endedAt: start + 5.5,
    negotiated: negotiated13,
    steps: [...full13().steps.slice(0, 6), step('Certificate', 'received', [5, 5.5], { waited: 2 })],
    alerts: [{ from: 'us', alert: 'certificate_required', level: 'fatal', at: start + 5.5 }],
    failure: {
      reason: 'certificate-required',
      by: 'us',
      alert: 'certificate_required',
      step: 'Certificate',
      detail: 'the client presented no certificate',
      at: start + 5.5,
      late: 2.5,
    },
  });
}

/** A connection on which no ClientHello ever came. */
export function silent(): Timeline {
  return timeline({
    clientRandom: undefined,
    state: 'failed',
    endedAt: start + 10_000,
    failure: {
      reason: 'handshake-timeout',
      by: 'us',
      alert: 'user_canceled',
      step: undefined,
      detail: 'no ClientHello within 10 s',
      at: start + 10_000,
      late: undefined,
    },
  });
}

/** Complete, then idle for an hour, then closed without a word: never confirmed. */
export function idle13(): Timeline {
  return { ...full13(), state: 'completed', confirmedAt: undefined, endedAt: start + 3_600_000 };
}
