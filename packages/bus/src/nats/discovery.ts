import type { Msg, NatsConnection, Subscription } from '@nats-io/nats-core';
import type { ServiceName } from '../bus.ts';
import { exactly } from '../codecs/codec.ts';
import { schemaVersion } from '../sealing/envelope.ts';
import { type InstanceKey, publicKeyLength } from '../sealing/instance-key.ts';
import { discoveryName, queueGroup } from './subjects.ts';

/**
 * Service discovery of NATS (ADR-32): every instance answers `$SRV.PING`, `$SRV.INFO` and `$SRV.STATS`, alone or followed
 * by its service's name or by name and instance. This is what `nats micro ls` asks.
 */

const keyMetadata = 'handfast-key';

/** One operation of a service, with the counts that ADR-32 reports. */
export class Endpoint {
  readonly name: string;
  readonly subject: string;
  #requests = 0;
  #milliseconds = 0;
  #refusals = 0;
  #lastRefusal = '';

  constructor(name: string, subject: string) {
    this.name = name;
    this.subject = subject;
  }

  answered(milliseconds: number): void {
    this.#requests += 1;
    this.#milliseconds += milliseconds;
  }

  refused(why: string): void {
    this.#requests += 1;
    this.#refusals += 1;
    this.#lastRefusal = why;
  }

  info() {
    return { name: this.name, subject: this.subject, queue_group: queueGroup };
  }

  /** Times in nanoseconds. */
  stats() {
    const nanoseconds = Math.round(this.#milliseconds * 1e6);
    return {
      ...this.info(),
      num_requests: this.#requests,
      num_errors: this.#refusals,
      last_error: this.#lastRefusal,
      processing_time: nanoseconds,
      average_processing_time: this.#requests === 0 ? 0 : Math.round(nanoseconds / this.#requests),
    };
  }
}

/** Makes an instance known to discovery, with its public key in its metadata. */
export function announce(
  service: ServiceName,
  end: { readonly connection: NatsConnection; readonly key: InstanceKey; readonly instance: string },
  endpoints: readonly Endpoint[],
): readonly Subscription[] {
  const name = discoveryName(service);
  const started = new Date().toISOString();
  const identity = {
    name,
    id: end.instance,
    version: `${schemaVersion}.0.0`,
    metadata: { [keyMetadata]: end.key.publicKeyHex },
  };
  const verbs = {
    PING: () => ({ type: 'io.nats.micro.v1.ping_response', ...identity }),
    INFO: () => ({
      type: 'io.nats.micro.v1.info_response',
      ...identity,
      description: `Handfast: the ${service} port of TLS handshakes`,
      endpoints: endpoints.map((endpoint) => endpoint.info()),
    }),
    STATS: () => ({
      type: 'io.nats.micro.v1.stats_response',
      ...identity,
      started,
      endpoints: endpoints.map((endpoint) => endpoint.stats()),
    }),
  };
  return Object.entries(verbs).flatMap(([verb, response]) =>
    [`$SRV.${verb}`, `$SRV.${verb}.${name}`, `$SRV.${verb}.${name}.${end.instance}`].map((subject) =>
      end.connection.subscribe(subject, {
        callback: (error, message) => {
          if (error === null) message.respond(JSON.stringify(response()));
        },
      }),
    ),
  );
}

/** Asks the instances of a service who they are; they answer to the subject `reply`. */
export function requestInfo(connection: NatsConnection, service: ServiceName, reply: string): void {
  connection.publish(`$SRV.INFO.${discoveryName(service)}`, '', { reply });
}

/**
 * The public key of the instance that answered.
 * @throws Error of any kind where the answer has none.
 */
export function keyOf(message: Msg): Uint8Array {
  const { metadata } = message.json<{ readonly metadata: Readonly<Record<string, string>> }>();
  return exactly(Buffer.from(metadata[keyMetadata] ?? '', 'hex'), 'key', publicKeyLength);
}
