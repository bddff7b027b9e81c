import type { CryptoProvider } from '@handfast/crypto';
import { Connection, type OpenConnection } from '@handfast/handshake';
import type { TlsError } from '@handfast/wire';
import type { Party } from '../packages/handshake/testing/loopback.ts';
import { Random } from './random.ts';

/** What a connection has cost so far, and what it came to. Nothing of it depends on how fast the machine is. */
export interface Account {
  received: number;
  sent: number;
  /** Calls of the crypto provider, by the connection itself. */
  cryptoCalls: number;
  /** Questions to the ports. */
  asks: number;
  /** Events of the connection, other than output. */
  events: number;
  /** How many times it told that it failed. */
  failures: number;
}

/** The connection under test, with an account of it. */
export class Subject {
  readonly account: Account = { received: 0, sent: 0, cryptoCalls: 0, asks: 0, events: 0, failures: 0 };
  readonly connection: Connection;
  readonly outbox: Uint8Array[] = [];
  opened: OpenConnection | undefined;
  error: TlsError | undefined;

  constructor({ configuration, ports }: Party) {
    let clock = 0;
    const happened = () => {
      this.account.events += 1;
    };
    this.connection = new Connection(
      { ...configuration, crypto: accounted(configuration.crypto, this.account) },
      {
        ports: {
          keyExchange: asked(ports.keyExchange, this.account),
          certificates: asked(ports.certificates, this.account),
          sessions: asked(ports.sessions, this.account),
        },
        now: () => clock++,
        date: Date.now,
        askTimeout: 1000,
      },
      {
        output: (bytes) => {
          this.account.sent += bytes.length;
          this.outbox.push(bytes);
        },
        open: (opened) => {
          happened();
          this.opened = opened;
        },
        data: happened,
        openEarly: () => {
          happened();
          this.connection.write(Buffer.from('early').subarray(0, this.connection.earlyDataLeft));
        },
        earlyData: happened,
        earlyDataEnded: happened,
        clientAuthenticated: happened,
        peerClosed: happened,
        failed: (error) => {
          this.account.failures += 1;
          this.error = error;
        },
        progress: happened,
      },
    );
  }

  receive(bytes: Uint8Array): void {
    this.account.received += bytes.length;
    this.connection.receive(bytes);
  }
}

/** The same provider with every call counted, and the same random bytes each time. Keys are still made by chance. */
function accounted(crypto: CryptoProvider, account: Account): CryptoProvider {
  const random = new Random(1);
  return new Proxy(crypto, {
    get: (target, name) => {
      if (name === 'randomBytes') return (length: number) => Uint8Array.from({ length }, () => random.below(256));
      const value: unknown = Reflect.get(target, name);
      if (typeof value !== 'function') return value;
      return (...given: readonly unknown[]) => {
        account.cryptoCalls += 1;
        return Reflect.apply(value, target, given);
      };
    },
  });
}

function asked<Port extends object>(port: Port, account: Account): Port {
  return new Proxy(port, {
    get: (target, name) => {
      const value: unknown = Reflect.get(target, name);
      if (typeof value !== 'function') return value;
      return (...given: readonly unknown[]) => {
        account.asks += 1;
        return Reflect.apply(value, target, given);
      };
    },
  });
}
