import type { CryptoProvider } from '@handfast/crypto';
import type { EarlyDataClaims } from '@handfast/sessions';
import { TlsError } from '@handfast/wire';
import type { NatsConnection } from '@nats-io/nats-core';
import { connect } from '@nats-io/transport-node';
import type { Bus, Operations, ServeOptions, ServiceLink, ServiceName, Serving } from '../bus.ts';
import { InstanceKey } from '../sealing/instance-key.ts';
import { Inbox } from './inbox.ts';
import { JetStreamClaims } from './jetstream-claims.ts';
import type { NatsAsk } from './nats-ask.ts';
import { NatsServiceLink } from './nats-service-link.ts';
import { NatsServing } from './nats-serving.ts';
import { instanceName } from './subjects.ts';

export interface NatsBusOptions {
  /**
   * Of the NATS server, such as `nats://127.0.0.1:4222`; several for a cluster. A name and a password go before the host,
   * as in `nats://name:password@127.0.0.1:4222`, percent-encoded where they need it: the first that are given go for all.
   */
  readonly servers: string | readonly string[];
  readonly crypto: CryptoProvider;
  /** What this connection is called in the server's monitoring. */
  readonly name?: string | undefined;
  /**
   * A secret that all ends of the bus have and nobody else: without it an end can neither read, ask nor answer. Absent,
   * whoever the server lets publish can pose as a service: then the server's permissions must see to it.
   */
  readonly secret?: Uint8Array | undefined;
}

/** How long to wait between attempts to connect anew, and how long a server may be silent, in milliseconds. */
const reconnectDelay = 200;
const pingInterval = 5_000;

/**
 * The bus over NATS. Instances of a service share its requests in a queue group, and are found by service discovery. All
 * payloads are sealed from instance to instance. A lost connection is made anew, for as long as the bus is open.
 */
export class NatsBus implements Bus {
  readonly instance: string;
  readonly #connection: NatsConnection;
  readonly #key: InstanceKey;
  readonly #inbox: Inbox;
  readonly #links = new Map<ServiceName, NatsServiceLink>();
  readonly #servings = new Set<NatsServing>();
  readonly #asks = new Set<NatsAsk>();

  /** @throws TlsError `service-unavailable` where no server answers. */
  static async connect(options: NatsBusOptions): Promise<NatsBus> {
    const { name = 'handfast' } = options;
    const urls = [options.servers].flat();
    const servers = urls.map((url) => url.replace(login, ''));
    try {
      const connection = await connect({
        servers,
        ...loginOf(urls),
        name,
        maxReconnectAttempts: -1,
        // A server that does not know us may be one that was started with the wrong configuration, or has yet to learn it.
        ignoreAuthErrorAbort: true,
        reconnectTimeWait: reconnectDelay,
        reconnectJitter: reconnectDelay,
        pingInterval,
        noAsyncTraces: true,
      });
      return new NatsBus(connection, options);
    } catch (error) {
      const detail = error instanceof Error ? error.message : String(error);
      throw new TlsError('service-unavailable', `no NATS server at ${servers}: ${detail}`, { cause: error });
    }
  }

  private constructor(connection: NatsConnection, { crypto, secret }: NatsBusOptions) {
    this.#connection = connection;
    this.#key = new InstanceKey(crypto, secret ?? new Uint8Array(0));
    this.#inbox = new Inbox(connection);
    this.instance = instanceName(this.#key.publicKey);
  }

  service(name: ServiceName): ServiceLink {
    const known = this.#links.get(name);
    if (known !== undefined) return known;
    const shared = { connection: this.#connection, inbox: this.#inbox, key: this.#key };
    const link = new NatsServiceLink(name, shared, this.#asks);
    this.#links.set(name, link);
    return link;
  }

  async serve(name: ServiceName, operations: Operations, options: ServeOptions = {}): Promise<Serving> {
    const end = { connection: this.#connection, key: this.#key, instance: this.instance };
    const serving = new NatsServing(name, operations, end, options);
    this.#servings.add(serving);
    // Where the connection is lost meanwhile, the subscriptions are made anew with it.
    await Promise.allSettled([this.#connection.flush()]);
    return serving;
  }

  /**
   * Where all that are on this bus remember which ClientHellos with early data were seen: one that comes twice is told
   * from one that comes first, whichever replica it comes to. Kept in JetStream.
   * @returns undefined where the server has no JetStream
   * @throws TlsError `service-unavailable` where it does not answer, `configuration-invalid` where the key-value bucket
   * was made by another, and forgets too soon.
   */
  earlyDataClaims(): Promise<EarlyDataClaims | undefined> {
    return JetStreamClaims.open(this.#connection);
  }

  async close(): Promise<void> {
    for (const ask of this.#asks) ask.fail('cancelled', 'the bus was closed');
    await Promise.allSettled([...this.#servings].map((serving) => serving.stop()));
    await this.#connection.close();
  }
}

/** What goes before the host in a URL. */
const login = /(?<=\/\/)([^/@:]*):?([^/@]*)@/;

function loginOf(urls: readonly string[]): { readonly user: string; readonly pass: string } | undefined {
  const [user, pass] = urls.map((url) => login.exec(url)?.slice(1)).find((found) => found !== undefined) ?? [];
  if (user === undefined || pass === undefined) return undefined;
  return { user: decodeURIComponent(user), pass: decodeURIComponent(pass) };
}
