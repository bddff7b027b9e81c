import { createPrivateKey, createPublicKey, diffieHellman, X509Certificate } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { AeadName } from '@handfast/crypto';
import { nativeCrypto } from '@handfast/crypto/native';
import { CipherSuite, SignatureScheme } from '@handfast/wire';
import { describe, expect, it } from 'vitest';
import { type CipherSuiteParameters, cipherSuite } from './cipher-suites.ts';
import { keyLogLine } from './key-log.ts';
import { finishedVerifyData12, masterSecret } from './key-schedule12.ts';
import { KeySchedule13 } from './key-schedule13.ts';
import { certificateVerifyContent13, serverKeyExchangeContent } from './signed-content.ts';
import { finishedVerifyData13, trafficKeys13 } from './traffic-keys13.ts';

const vectors = process.env.HANDFAST_VECTORS ?? resolve(import.meta.dirname, '../../../../shared/vectors');

describe.skipIf(!existsSync(join(vectors, 'handshake/illustrated-tls13')))('the recorded TLS 1.3 handshake', () => {
  const read = (name: string): Buffer => readFileSync(join(vectors, 'handshake/illustrated-tls13', name));
  const suite = cipherSuite(CipherSuite.TLS_AES_256_GCM_SHA384) as CipherSuiteParameters;
  const hash = suite.hash;
  const transcriptHash = (names: readonly string[]) =>
    nativeCrypto.hash(hash, Buffer.concat(names.map((name) => messageOf(name))));
  /** Hellos are recorded with a record header, the rest as it was protected: with its content type at the end. */
  const messageOf = (name: string): Buffer =>
    name.endsWith('hello') ? read(name).subarray(5) : read(name).subarray(0, -1);

  const hellos = ['clienthello', 'serverhello'];
  const toCertificate = [...hellos, 'serverextensions', 'servercert'];
  const toServerFinished = [...toCertificate, 'servercertverify', 'serverfinished'];

  function walk() {
    const schedule = new KeySchedule13(nativeCrypto, hash);
    const handshake = schedule.enterHandshake(x25519(read), transcriptHash(hellos));
    const application = schedule.enterApplication(transcriptHash(toServerFinished));
    return { handshake, application };
  }

  function opens(secret: Uint8Array, sequence: number, record: string, plaintext: string): void {
    const { key, iv } = trafficKeys13(nativeCrypto, suite, secret);
    const nonce = Uint8Array.from(iv);
    nonce[11] = (nonce[11] ?? 0) ^ sequence;
    const bytes = read(record);
    const opened = nativeCrypto.aead(aeadOf(suite), key).open(nonce, bytes.subarray(0, 5), bytes.subarray(5));
    expect(hex(opened), record).toBe(hex(read(plaintext)));
  }

  it('has the secrets of its key log', () => {
    const { handshake, application } = walk();
    const clientRandom = messageOf('clienthello').subarray(6, 38);
    const lines = read('keylog.txt').toString().trim().split('\n').sort();
    expect(
      [
        keyLogLine('CLIENT_HANDSHAKE_TRAFFIC_SECRET', clientRandom, handshake.client),
        keyLogLine('SERVER_HANDSHAKE_TRAFFIC_SECRET', clientRandom, handshake.server),
        keyLogLine('CLIENT_TRAFFIC_SECRET_0', clientRandom, application.client),
        keyLogLine('SERVER_TRAFFIC_SECRET_0', clientRandom, application.server),
        keyLogLine('EXPORTER_SECRET', clientRandom, application.exporter),
      ].sort(),
    ).toEqual(lines);
  });

  it('opens every record with the keys of those secrets', () => {
    const { handshake, application } = walk();
    opens(handshake.server, 0, 'serverencextensions', 'serverextensions');
    opens(handshake.server, 1, 'serverenccert', 'servercert');
    opens(handshake.server, 2, 'serverenccertverify', 'servercertverify');
    opens(handshake.server, 3, 'serverencfinished', 'serverfinished');
    opens(handshake.client, 0, 'clientencfinished', 'clientfinished');
    opens(application.server, 0, 'serverencticket1', 'serverticket1');
    opens(application.server, 1, 'serverencticket2', 'serverticket2');
    opens(application.server, 2, 'serverencdata', 'serverdata');
    opens(application.client, 0, 'clientencdata', 'clientdata');
  });

  it('has the verify_data of both Finished', () => {
    const { handshake } = walk();
    const beforeServer = transcriptHash([...toCertificate, 'servercertverify']);
    const server = finishedVerifyData13(nativeCrypto, hash, handshake.server, beforeServer);
    expect(hex(server)).toBe(hex(messageOf('serverfinished').subarray(4)));
    const client = finishedVerifyData13(nativeCrypto, hash, handshake.client, transcriptHash(toServerFinished));
    expect(hex(client)).toBe(hex(messageOf('clientfinished').subarray(4)));
  });

  it('has the signature of its certificate over the content of CertificateVerify', () => {
    const content = certificateVerifyContent13('server', transcriptHash(toCertificate));
    const signature = messageOf('servercertverify').subarray(8);
    expect(publicKey(read).verify(SignatureScheme.rsa_pss_rsae_sha256, content, signature)).toBe(true);
  });
});

describe.skipIf(!existsSync(join(vectors, 'handshake/illustrated-tls12')))('the recorded TLS 1.2 handshake', () => {
  const read = (name: string): Buffer => readFileSync(join(vectors, 'handshake/illustrated-tls12', name));
  const message = (name: string): Buffer => read(name).subarray(5);
  const randoms = () => ({
    clientRandom: message('clienthello').subarray(6, 38),
    serverRandom: message('serverhello').subarray(6, 38),
  });
  const master = () => masterSecret(nativeCrypto, x25519(read), { kind: 'classic', hash: 'sha256', ...randoms() });
  // The suite's records are CBC, which this stack does not have; verify_data and its padding are given in the clear.
  const clientFinished = () => read('clientfinishedplain');
  const serverFinished = () => read('serverfinishedplain').subarray(0, 16);
  const toClientKeyExchange = () =>
    Buffer.concat(
      ['clienthello', 'serverhello', 'servercert', 'serverkeyexchange', 'serverhellodone', 'clientkeyexchange'].map(
        message,
      ),
    );

  it('has the master secret of its key log', () => {
    expect(keyLogLine('CLIENT_RANDOM', randoms().clientRandom, master())).toBe(read('keylog.txt').toString().trim());
  });

  it('has the verify_data of both Finished', () => {
    const verifyData = (sender: 'client' | 'server', messages: Uint8Array) =>
      hex(finishedVerifyData12(nativeCrypto, 'sha256', master(), sender, nativeCrypto.hash('sha256', messages)));
    expect(verifyData('client', toClientKeyExchange())).toBe(hex(clientFinished().subarray(4)));
    const toClientFinished = Buffer.concat([toClientKeyExchange(), clientFinished()]);
    expect(verifyData('server', toClientFinished)).toBe(hex(serverFinished().subarray(4)));
  });

  it('has the signature of its certificate over the content of ServerKeyExchange', () => {
    const body = message('serverkeyexchange').subarray(4);
    const params = body.subarray(0, 4 + 32);
    const { clientRandom, serverRandom } = randoms();
    const content = serverKeyExchangeContent(clientRandom, serverRandom, params);
    const signature = body.subarray(params.length + 4);
    expect(publicKey(read).verify(SignatureScheme.rsa_pkcs1_sha256, content, signature)).toBe(true);
  });
});

function x25519(read: (name: string) => Buffer): Uint8Array {
  const privateKey = (side: string) =>
    createPrivateKey({ key: read(`${side}-ephemeral-private.der`), format: 'der', type: 'pkcs8' });
  return diffieHellman({ privateKey: privateKey('client'), publicKey: createPublicKey(privateKey('server')) });
}

function publicKey(read: (name: string) => Buffer) {
  const certificate = new X509Certificate(read('server.crt'));
  return nativeCrypto.importPublicKey(certificate.publicKey.export({ format: 'der', type: 'spki' }));
}

function hex(bytes: Uint8Array | undefined): string {
  return Buffer.from(bytes ?? []).toString('hex');
}

function aeadOf({ protection }: CipherSuiteParameters): AeadName {
  return protection.kind === 'aead' ? protection.aead : expect.fail('a suite without an AEAD');
}
