import type { NatsConnection } from '@nats-io/nats-core';

/** What headers may take of a message's length. */
const headerAllowance = 1024;

/** True where the server accepts a message with this payload. */
export function fits(connection: NatsConnection, payload: Uint8Array): boolean {
  return payload.length + headerAllowance <= (connection.info?.max_payload ?? Number.POSITIVE_INFINITY);
}
