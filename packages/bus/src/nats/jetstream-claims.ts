import { claimLifetime, type EarlyDataClaims } from '@handfast/sessions';
import { type AskContext, TlsError } from '@handfast/wire';
import { headers, type NatsConnection, RequestError } from '@nats-io/nats-core';
import { now } from '../clock.ts';

const bucket = 'handfast-early-data';
const stream = `KV_${bucket}`;

/** How long the server may take to make the bucket, in milliseconds. */
const openingPatience = 5_000;
/** And to grant a claim: less than it takes the gateway to lose its patience with this instance, and ask another. */
const claimPatience = 200;

/** A claim takes about 200 bytes: over 300,000 of them, none is granted until the oldest expire. */
const maximumBytes = 2 ** 26;

/** A key-value bucket (NATS ADR-8) where nothing is replaced, removed before its time, or given up for something newer. */
const configuration = {
  name: stream,
  subjects: [`$KV.${bucket}.>`],
  storage: 'file',
  max_age: claimLifetime * 1e6,
  max_bytes: maximumBytes,
  max_msgs_per_subject: 1,
  discard: 'new',
  deny_delete: true,
  deny_purge: true,
};

/** Error codes of the JetStream API. */
const notEnabled: ReadonlySet<unknown> = new Set([10039, 10076]);
const nameInUse = 10058;

/**
 * Claims to early data in a JetStream key-value bucket: of all that claim the same, whichever replica they ask, the server
 * grants one. It shows a listener hashes of binders, which were on the TLS wire.
 */
export class JetStreamClaims implements EarlyDataClaims {
  readonly since: number;
  readonly #connection: NatsConnection;

  /**
   * Makes the bucket, unless there is one: whoever wants it on several servers makes it beforehand.
   * @returns undefined where the server has no JetStream
   * @throws TlsError `service-unavailable` where it does not answer, `configuration-invalid` where the bucket is one that
   * forgets claims before their time.
   */
  static async open(connection: NatsConnection): Promise<JetStreamClaims | undefined> {
    try {
      const created = await ask(connection, `$JS.API.STREAM.CREATE.${stream}`, configuration);
      const isThere = errorCode(created) === nameInUse;
      const info = isThere ? await ask(connection, `$JS.API.STREAM.INFO.${stream}`, undefined) : created;
      if (notEnabled.has(errorCode(info))) return undefined;
      const trouble = partOf(info, 'error');
      if (trouble !== undefined) throw unavailable(partOf(trouble, 'description'));
      return new JetStreamClaims(connection, checkedSince(info));
    } catch (error) {
      if (error instanceof TlsError) throw error;
      if (error instanceof RequestError && error.isNoResponders()) return undefined;
      throw unavailable(error instanceof Error ? error.message : error);
    }
  }

  private constructor(connection: NatsConnection, since: number) {
    this.#connection = connection;
    this.since = since;
  }

  /** @throws Error where the server does not answer in time. */
  async claim(id: string, { deadline }: AskContext): Promise<boolean> {
    const timeout = Math.min(claimPatience, deadline - now());
    if (timeout <= 0) return false;
    const first = headers();
    first.set('Nats-Expected-Last-Subject-Sequence', '0');
    const answer = await this.#connection.request(`$KV.${bucket}.${id}`, undefined, { timeout, headers: first });
    return isStored(answer.json());
  }
}

/** A refusal names the stream as well. */
function isStored(answer: unknown): boolean {
  return (
    partOf(answer, 'stream') === stream && Number(partOf(answer, 'seq')) > 0 && partOf(answer, 'error') === undefined
  );
}

async function ask(connection: NatsConnection, subject: string, request: unknown): Promise<unknown> {
  const payload = request === undefined ? undefined : JSON.stringify(request);
  return (await connection.request(subject, payload, { timeout: openingPatience })).json();
}

/** When the bucket was made, if it is one that keeps what it promises. */
function checkedSince(info: unknown): number {
  const found = partOf(info, 'config');
  const age = partOf(found, 'max_age');
  const isLasting = typeof age === 'number' && (age === 0 || age >= configuration.max_age);
  if (!isLasting || partOf(found, 'discard') !== 'new') {
    const needed = `entries that live ${claimLifetime / 1_000} s or longer, and are not discarded for new ones`;
    throw new TlsError('configuration-invalid', `the key-value bucket ${bucket} needs ${needed}`);
  }
  return Date.parse(String(partOf(info, 'created')));
}

function unavailable(detail: unknown): TlsError {
  return new TlsError('service-unavailable', `JetStream: ${String(detail)}`);
}

function errorCode(answer: unknown): unknown {
  return partOf(partOf(answer, 'error'), 'err_code');
}

function partOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}
