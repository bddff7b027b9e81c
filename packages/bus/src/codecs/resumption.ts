import {
  type BlankTicketsAnswer,
  type BlankTicketsRequest,
  type ExternalPsk,
  type KeptSession,
  maximumIdentities,
  maximumTicketLifetime,
  maximumTickets,
  type RecalledPsk,
  type RecallRequest,
  type ResumableSession,
  type ResumeAnswer,
  type ResumeRequest,
} from '@handfast/sessions';
import { handfast } from '../generated/handfast.js';
import {
  atMost,
  type Codec,
  exactly,
  filled,
  finite,
  limited,
  maximumVector,
  nameOf,
  type OperationCodec,
  present,
  text,
} from './codec.ts';

const proto = handfast.v1;

/** An early data claim is a binder, which is as long as a hash. */
const maximumClaim = 255;
const maximumSessionId = 32;
/** What a client knows a server by: a name and more. */
const maximumServer = 1024;
/** Sessions and external PSKs. */
const maximumRecalled = 2 * maximumIdentities;

const hashes = {
  sha256: proto.Hash.HASH_SHA256,
  sha384: proto.Hash.HASH_SHA384,
} as const satisfies Record<ExternalPsk['hash'], number>;

export const blankTicketsCodec: OperationCodec<BlankTicketsRequest, BlankTicketsAnswer> = {
  request: {
    encode: (request) => proto.BlankTicketsRequest.encode(request).finish(),
    decode: (bytes) => {
      const { count } = proto.BlankTicketsRequest.decode(bytes);
      return { count: upTo(count, 'count', maximumTickets) };
    },
  },
  answer: {
    encode: ({ tickets }) => proto.BlankTicketsReply.encode({ tickets: [...tickets] }).finish(),
    decode: (bytes) => ({
      tickets: atMost(proto.BlankTicketsReply.decode(bytes).tickets, 'tickets', maximumTickets).map((ticket) => {
        const { key, wrappedKey, lifetime } = proto.BlankTicket.create(ticket);
        return {
          key: exactly(key, 'key', 32),
          wrappedKey: filled(wrappedKey, 'wrapped_key', maximumVector),
          lifetime: upTo(lifetime, 'lifetime', maximumTicketLifetime),
        };
      }),
    }),
  },
};

export const resumeCodec: OperationCodec<ResumeRequest, ResumeAnswer> = {
  request: {
    encode: ({ offered, earlyDataClaim }) =>
      proto.ResumeRequest.encode({ ...encodeOffered(offered), earlyDataClaim: earlyDataClaim ?? null }).finish(),
    decode: (bytes) => {
      const message = proto.ResumeRequest.decode(bytes);
      const { earlyDataClaim } = message;
      return {
        offered: decodeOffered(message),
        earlyDataClaim: earlyDataClaim ? limited(earlyDataClaim, 'early_data_claim', maximumClaim) : undefined,
      };
    },
  },
  answer: {
    encode: ({ sessions, earlyDataClaimed }) =>
      proto.ResumeReply.encode({
        sessions: sessions.map((session) => ({ index: session.index, ...encodeSecret(session) })),
        earlyDataClaimed,
      }).finish(),
    decode: (bytes) => {
      const { sessions, earlyDataClaimed } = proto.ResumeReply.decode(bytes);
      return { sessions: atMost(sessions, 'sessions', maximumIdentities).map(decodeSession), earlyDataClaimed };
    },
  },
};

export const keepCodec: Codec<KeptSession> = {
  encode: ({ under, state, expires }) =>
    proto.KeepRequest.encode({
      ...(under.kind === 'server' ? { server: under.server } : { sessionId: under.sessionId }),
      state,
      expires,
    }).finish(),
  decode: (bytes) => {
    const { sessionId, server, state, expires } = proto.KeepRequest.decode(bytes);
    const rest = {
      state: limited(state, 'state', maximumVector),
      expires: finite(expires, 'expires'),
    };
    return typeof server === 'string'
      ? { under: { kind: 'server', server: text(server, 'server', maximumServer) }, ...rest }
      : { under: { kind: 'session-id', sessionId: boundedSessionId(present(sessionId, 'under')) }, ...rest };
  },
};

export const recallCodec: OperationCodec<RecallRequest, readonly RecalledPsk[]> = {
  request: {
    encode: (request) => proto.RecallRequest.encode(request).finish(),
    decode: (bytes) => {
      const { server, count } = proto.RecallRequest.decode(bytes);
      return { server: text(server, 'server', maximumServer), count };
    },
  },
  answer: {
    encode: (psks) => proto.RecallReply.encode({ psks: psks.map(encodeSecret) }).finish(),
    decode: (bytes) => atMost(proto.RecallReply.decode(bytes).psks, 'psks', maximumRecalled).map(decodeSecret),
  },
};

type OfferedFields = Pick<handfast.v1.ResumeRequest.$Properties, 'psk' | 'ticket' | 'sessionId'>;

/** What the service would not look at is not sent. */
function encodeOffered(offered: ResumeRequest['offered']): OfferedFields {
  switch (offered.kind) {
    case 'psk':
      return { psk: { identities: offered.identities.slice(0, maximumIdentities) } };
    case 'ticket':
      return { ticket: offered.ticket };
    case 'session-id':
      return { sessionId: offered.sessionId };
  }
}

function decodeOffered({ psk, ticket, sessionId }: OfferedFields): ResumeRequest['offered'] {
  if (psk) {
    const identities = atMost(psk.identities ?? [], 'identities', maximumIdentities);
    for (const identity of identities) limited(identity, 'identity', maximumVector);
    return { kind: 'psk', identities };
  }
  if (ticket) return { kind: 'ticket', ticket: limited(ticket, 'ticket', maximumVector) };
  return { kind: 'session-id', sessionId: boundedSessionId(present(sessionId, 'offered')) };
}

function boundedSessionId(sessionId: Uint8Array): Uint8Array {
  return limited(sessionId, 'session_id', maximumSessionId);
}

type SecretFields = Pick<handfast.v1.RecalledPsk.$Properties, 'state' | 'external'>;
type SessionFields = SecretFields & Pick<handfast.v1.ResumableSession.$Properties, 'index'>;

function decodeSession(session: SessionFields): ResumableSession {
  const index = upTo(session.index ?? 0, 'index', maximumIdentities - 1);
  return { ...decodeSecret(session), index };
}

function encodeSecret(psk: RecalledPsk): SecretFields {
  if (psk.kind === 'resumption') return { state: psk.state };
  const { identity, key, hash, binder } = psk.psk;
  return { external: { identity, key, hash: hashes[hash], imported: binder === 'imported' } };
}

function decodeSecret({ state, external }: SecretFields): RecalledPsk {
  if (!external) return { kind: 'resumption', state: limited(present(state, 'secret'), 'state', maximumVector) };
  const { identity, key, hash, imported } = proto.ExternalPsk.create(external);
  return {
    kind: 'external',
    psk: {
      identity: filled(identity, 'identity', maximumVector),
      key: filled(key, 'key', maximumVector),
      hash: nameOf(hashes, hash, 'hash'),
      binder: imported ? 'imported' : 'external',
    },
  };
}

function upTo(value: number, name: string, maximum: number): number {
  if (value > maximum) throw new RangeError(`${name} is ${value}`);
  return value;
}
