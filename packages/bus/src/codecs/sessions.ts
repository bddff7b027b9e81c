import type { HandshakeEntry, HandshakeState } from '@handfast/sessions';
import { handfast } from '../generated/handfast.js';
import { atMost, type Codec, finite, nameOf, nothing, type OperationCodec, text } from './codec.ts';

const proto = handfast.v1;

const maximumEntries = 65_536;
/** A longer text is cut: one entry with it must not lose all that travel with it. */
const maximumText = 1024;
/** Bytes of an answer: half of what a NATS server carries by default. */
const maximumAnswer = 2 ** 19;

const roles = {
  client: proto.Role.ROLE_CLIENT,
  server: proto.Role.ROLE_SERVER,
} as const satisfies Record<HandshakeEntry['role'], number>;

const states = {
  started: proto.HandshakeState.HANDSHAKE_STATE_STARTED,
  completed: proto.HandshakeState.HANDSHAKE_STATE_COMPLETED,
  confirmed: proto.HandshakeState.HANDSHAKE_STATE_CONFIRMED,
  failed: proto.HandshakeState.HANDSHAKE_STATE_FAILED,
  closed: proto.HandshakeState.HANDSHAKE_STATE_CLOSED,
} as const satisfies Record<HandshakeState, number>;

export const noteCodec: Codec<readonly HandshakeEntry[]> = {
  encode: (entries) => proto.NoteRequest.encode({ entries: entries.map(encodeEntry) }).finish(),
  decode: (bytes) => decodeEntries(proto.NoteRequest.decode(bytes).entries),
};

/** Answers with the newest entries, as many as fit. */
export const handshakesCodec: OperationCodec<undefined, readonly HandshakeEntry[]> = {
  request: nothing(proto.HandshakesRequest),
  answer: {
    encode: (entries) => {
      // Encoded messages of one type, one after the other, are one message with all their repeated fields.
      const parts: Uint8Array[] = [];
      let length = 0;
      for (const entry of entries) {
        const part = proto.HandshakesReply.encode({ entries: [encodeEntry(entry)] }).finish();
        length += part.length;
        if (length > maximumAnswer) break;
        parts.push(part);
      }
      return Buffer.concat(parts);
    },
    decode: (bytes) => decodeEntries(proto.HandshakesReply.decode(bytes).entries),
  },
};

function encodeEntry(entry: HandshakeEntry): handfast.v1.HandshakeEntry.$Properties {
  return {
    id: entry.id,
    traceId: entry.traceId,
    role: roles[entry.role],
    gateway: entry.gateway,
    state: states[entry.state],
    at: entry.at,
    protocol: cut(entry.protocol),
    cipherSuite: cut(entry.cipherSuite),
    serverName: cut(entry.serverName),
    identity: cut(entry.identity),
    reason: cut(entry.reason),
  };
}

function decodeEntries(entries: readonly handfast.v1.HandshakeEntry.$Properties[]): readonly HandshakeEntry[] {
  return atMost(entries, 'entries', maximumEntries).map((entry) => {
    const message = proto.HandshakeEntry.create(entry);
    return {
      id: hexId(message.id, 'id'),
      traceId: hexId(message.traceId, 'trace_id'),
      role: nameOf(roles, message.role, 'role'),
      gateway: text(message.gateway, 'gateway', maximumText),
      state: nameOf(states, message.state, 'state'),
      at: finite(message.at, 'at'),
      protocol: optionalText(message.protocol, 'protocol'),
      cipherSuite: optionalText(message.cipherSuite, 'cipher_suite'),
      serverName: optionalText(message.serverName, 'server_name'),
      identity: optionalText(message.identity, 'identity'),
      reason: optionalText(message.reason, 'reason'),
    };
  });
}

function hexId(id: string, name: string): string {
  if (!/^[0-9a-f]{2,64}$/.test(id)) throw new RangeError(`${name} is not hex`);
  return id;
}

function cut(value: string | undefined): string | null {
  return value?.slice(0, maximumText) ?? null;
}

function optionalText(value: string | null | undefined, name: string): string | undefined {
  return value === null || value === undefined ? undefined : text(value, name, maximumText);
}
