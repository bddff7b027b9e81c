import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Certificates, makeCertificates } from '../support/certificates.ts';
import { openSslClient, openssl } from '../support/peers/openssl.ts';
import { type Form, forms, type Gateway, lacking, Stack, startTimeout, titleOf } from '../support/stacks.ts';

const gateways = {
  eager: ['--early-data', '4096'],
  other: ['--early-data', '4096'],
  careful: [],
} as const;

describe.each(forms)('early data', (form: Form) => {
  const missing = lacking(form) ?? (openssl === undefined ? 'no openssl' : undefined);

  describe.skipIf(missing !== undefined)(titleOf(form), () => {
    let certificates: Certificates;
    let folder: string;
    let upstream: Counter;
    let stack: Stack<keyof typeof gateways>;
    const at = (name: keyof typeof gateways): Gateway => stack.gateways[name];

    beforeAll(async () => {
      certificates = await makeCertificates();
      folder = mkdtempSync(join(certificates.folder, 'early-'));
      upstream = await Counter.start();
      const credentials = [certificates.servers['ecdsa-p256']];
      stack = await Stack.start({ form, certificates, credentials, upstreamPort: upstream.port, gateways });
    }, startTimeout);

    afterAll(async () => {
      await stack.stop();
      upstream.stop();
      rmSync(folder, { recursive: true });
      certificates.remove();
    });

    /** A session with that gateway, in a file that s_client reads. */
    async function sessionWith({ port }: Gateway): Promise<string> {
      const file = join(folder, `${Math.random()}`);
      // A client that leaves at once may be gone before its ticket has come over the bus.
      for (let tries = 0; tries < 5 && !existsSync(file); tries += 1) {
        await openSslClient({ port, version: '1.3', ca: certificates.root, more: ['-sess_out', file] });
      }
      return file;
    }

    /** Resumes that session at that port with these early data. */
    function resumeWith(text: string, session: string, port: number) {
      const file = join(folder, text);
      writeFileSync(file, text);
      const more = ['-sess_in', session, '-early_data', file];
      return openSslClient({ port, version: '1.3', ca: certificates.root, more });
    }

    it('reaches the upstream before the handshake is done, and the trace says so', async () => {
      const report = await resumeWith('early-one', await sessionWith(at('eager')), at('eager').port);
      expect(report.output).toContain('Early data was accepted');
      expect(upstream.count('early-one')).toBe(1);
      const trace = await at('eager').traces.ofClientRandom(report.clientRandom ?? '');
      expect(trace.attribute('handfast.early_data')).toBe('accepted');
      expect(trace.messages).toContain('EndOfEarlyData');
    });

    it('is refused by default, and the handshake goes on without it', async () => {
      const eager = await sessionWith(at('eager'));
      // Embedded, each gateway has ticket keys of its own: another one cannot even read the ticket.
      const report = await resumeWith('early-refused', eager, at('careful').port);
      expect(report.output).toContain('Early data was rejected');
      expect(report.answered).toBe(true);
      expect(upstream.count('early-refused')).toBe(0);
      const trace = await at('careful').traces.ofClientRandom(report.clientRandom ?? '');
      expect(trace.attribute('handfast.early_data')).toBe('rejected');
    });

    it.for(['eager', 'other'] as const)(
      'that is sent again, to the gateway %s, does not reach the upstream again',
      async (second) => {
        const text = `early-replayed-${second}`;
        const tap = await Tap.before(at('eager').port);
        const report = await resumeWith(text, await sessionWith(at('eager')), tap.port);
        tap.stop();
        expect(report.output).toContain('Early data was accepted');
        expect(upstream.count(text)).toBe(1);

        const answer = await replay(tap.firstFlight, at(second).port);
        expect(answer.length).toBeGreaterThan(0);
        expect(upstream.count(text)).toBe(1);
      },
    );
  });
});

/** An upstream that echoes, and remembers all that it got. */
class Counter {
  readonly #server: Server;
  #all = '';

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start(): Promise<Counter> {
    const server = createServer((socket) => {
      socket.on('error', () => {});
      socket.on('data', (data) => {
        counter.#all += data.toString('latin1');
        socket.write(data);
      });
      socket.on('end', () => socket.end());
    });
    const counter = new Counter(server);
    await listening(server);
    return counter;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  count(text: string): number {
    return this.#all.split(text).length - 1;
  }

  stop(): void {
    this.#server.close();
  }
}

/** Stands before a server and keeps what a client says before the server has answered. */
class Tap {
  readonly #server: Server;
  readonly #flight: Buffer[] = [];

  private constructor(server: Server) {
    this.#server = server;
  }

  static async before(port: number): Promise<Tap> {
    const server = createServer((client) => {
      const onwards = connect({ host: '127.0.0.1', port });
      let answered = false;
      const end = (socket: Socket) => () => void socket.destroy();
      client.on('data', (data) => {
        if (!answered) tap.#flight.push(Buffer.from(data));
        onwards.write(data);
      });
      onwards.on('data', (data) => {
        answered = true;
        client.write(data);
      });
      client.on('close', end(onwards)).on('error', end(onwards));
      onwards.on('close', end(client)).on('error', end(client));
    });
    const tap = new Tap(server);
    await listening(server);
    return tap;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get firstFlight(): Buffer {
    return Buffer.concat(this.#flight);
  }

  stop(): void {
    this.#server.close();
  }
}

function listening(server: Server): Promise<void> {
  return new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
}

/** Sends these bytes, and resolves with the answer once the server has been silent for a while or has left. */
function replay(bytes: Buffer, port: number): Promise<Buffer> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    const socket = connect({ host: '127.0.0.1', port }, () => socket.write(bytes));
    const done = () => {
      socket.destroy();
      resolve(Buffer.concat(chunks));
    };
    socket.on('data', (data) => chunks.push(Buffer.from(data)));
    socket.on('error', () => {});
    socket.on('close', done);
    socket.setTimeout(1_000, done);
  });
}
