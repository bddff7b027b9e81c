import { describe, expect, it } from 'vitest';
import { confirmed13, start, step, timeline } from '../../testing/timelines.ts';
import { plain } from './palette.ts';
import { waterfall } from './waterfall.ts';

const rule = '─'.repeat(80);

describe('waterfall', () => {
  it('shows each message with its sender, bytes, times and place, and the work of services below', () => {
    expect(waterfall(confirmed13(), 'Handshake 1', plain)).toEqual([
      'Handshake 1                                  TLS 1.3 seen by the server, 5.00 ms',
      rule,
      '   message                        bytes   waited   worked  ms',
      ' → ClientHello                      517     0.50     0.50  ──██▏',
      ' ← ServerHello                      122              1.50      ██████▎',
      '   └ key-exchange respond      3fa9c1d2     0.40     0.90      █████▌',
      ' ← EncryptedExtensions               13              0.10            ▍',
      ' ← Certificate                      995              0.10            ▍',
      ' ← CertificateVerify                 79              0.10             ▍',
      ' ← Finished                          36              0.20             ▉',
      ' → Finished                          36     1.80     0.20              ────────▉',
      ' ✓ confirmed                                1.00                               ▏',
      rule,
      ' TLS_AES_128_GCM_SHA256 · x25519 · ecdsa_secp256r1_sha256 · h2',
      ' for www.example.org',
      " confirmed by the client's data, 3.00 ms after it was completed",
      ' trace 7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a',
    ]);
  });

  it('shows a late rejection as what the peer did after the handshake', () => {
    const rejected = timeline({
      ...confirmed13(),
      state: 'failed',
      confirmedAt: undefined,
      alerts: [{ from: 'peer', alert: 'unknown_ca', level: 'fatal', at: start + 7.5 }],
      failure: {
        reason: 'peer-alert',
        by: 'peer',
        alert: 'unknown_ca',
        step: undefined,
        detail: 'the peer refused with the alert unknown_ca',
        at: start + 7.5,
        late: 4.5,
      },
    });
    const lines = waterfall(rejected, 'Handshake 1', plain);
    expect(lines).toContain(' → alert unknown_ca                         2.50                               ▏');
    expect(lines.join('\n')).toContain(
      'failed by the client: alert unknown_ca, 4.50 ms after our side had completed\n the handshake',
    );
  });

  it('shows how long was waited for a client that never said anything', () => {
    const silent = timeline({
      state: 'failed',
      endedAt: start + 10_000,
      alerts: [{ from: 'us', alert: 'user_canceled', level: 'fatal', at: start + 10_000 }],
      failure: {
        reason: 'handshake-timeout',
        by: 'us',
        alert: 'user_canceled',
        step: 'ClientHello',
        detail: 'the handshake was not done after 10 seconds',
        at: start + 10_000,
        late: undefined,
      },
    });
    expect(waterfall(silent, 'Handshake 1', plain)).toContain(
      ' ← alert user_canceled                     10000           ────────────────────▏',
    );
  });

  it('shows an end that no alert explains', () => {
    const gone = timeline({
      state: 'failed',
      steps: [step('ClientHello', 'received', [1, 2], { waited: 1 })],
      failure: {
        reason: 'connection-lost',
        by: 'peer',
        alert: undefined,
        step: 'Finished',
        detail: 'ECONNRESET',
        at: start + 4,
        late: undefined,
      },
    });
    expect(waterfall(gone, '', plain)).toContain(
      ' ✗ connection-lost                          2.00                     ──────────▏',
    );
  });

  it('says which service failed to answer, and why', () => {
    const failed = { ...(confirmed13().steps[1]?.asks[0] ?? fail()), failure: 'service-timeout', work: [] } as const;
    const lines = waterfall(timeline({ steps: [step('ServerHello', 'sent', [0, 2], { asks: [failed] })] }), '', plain);
    expect(lines[4]).toMatch(/^ {3}└ key-exchange respond service-time… {5}1\.30 {5}0\.00 /);
  });

  it('draws the arrow from the side that sent, whoever draws', () => {
    const steps = [step('ClientHello', 'sent', [0, 1]), step('ServerHello', 'received', [2, 3], { waited: 1 })];
    const lines = waterfall(timeline({ role: 'client', steps }), '', plain);
    expect(lines.slice(3, 5).map((line) => line.slice(0, 14))).toEqual([' → ClientHello', ' ← ServerHello']);
  });

  it('fits in 80 columns whatever the names', () => {
    const long = timeline({
      ...confirmed13(),
      negotiated: {
        ...confirmed13().negotiated,
        cipherSuite: 'TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256',
        serverName: `${'a'.repeat(30)}.${'b'.repeat(30)}.example`,
        peerSubject: 'CN=somebody with a long name,OU=Department of Long Names,O=Example,C=SE',
        clientCertificate: 'presented',
      },
      steps: [step('CompressedCertificate', 'received', [0, 1], { bytes: 16_777_219 })],
    });
    const lengths = waterfall(long, 'A title that is far too long for one line of a terminal '.repeat(2), plain).map(
      ({ length }) => length,
    );
    expect(Math.max(...lengths)).toBeLessThanOrEqual(80);
  });
});

function fail(): never {
  throw new Error('the timeline has no ask');
}
