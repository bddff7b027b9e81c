import type { HashName } from '@handfast/crypto';
import type {
  AgreeAnswer,
  AgreeRequest,
  DecryptAnswer,
  DecryptRequest,
  MasterSecretDerivation,
  OfferAnswer,
  OfferRequest,
  RespondAnswer,
  RespondRequest,
  SignAnswer,
  SignRequest,
  StartServerAnswer,
  StartServerRequest,
  TranscriptSignatureRequest,
} from '@handfast/key-exchange';
import { handfast } from '../generated/handfast.js';
import {
  atMost,
  codePoint,
  exactly,
  filled,
  limited,
  maximumVector,
  nameOf,
  type OperationCodec,
  present,
} from './codec.ts';

const proto = handfast.v1;

/** A transcript holds whole handshake messages, whose lengths have 24 bits. */
const maximumTranscript = 0xff_ffff;
/** The shared secret of an 8192-bit group (RFC 7919) is the longest. */
const maximumSecret = 1024;
const maximumGroups = 64;

// What a TLS peer sent is only bounded here: it is for the port to say what is wrong with it.

const hashes = {
  sha256: proto.Hash.HASH_SHA256,
  sha384: proto.Hash.HASH_SHA384,
  sha512: proto.Hash.HASH_SHA512,
} as const satisfies Record<HashName, number>;

export const respondCodec: OperationCodec<RespondRequest, RespondAnswer> = {
  request: {
    encode: ({ group, clientShare, signature }) =>
      proto.RespondRequest.encode({
        group,
        clientShare,
        signature: signature === undefined ? null : { ...signature, hash: hashes[signature.hash] },
      }).finish(),
    decode: (bytes) => {
      const message = proto.RespondRequest.decode(bytes);
      return {
        group: codePoint(message.group, 'group'),
        clientShare: limited(message.clientShare, 'client_share', maximumVector),
        signature: message.signature ? decodeTranscriptSignature(message.signature) : undefined,
      };
    },
  },
  answer: {
    encode: ({ share, secret, signature = null }) => proto.RespondReply.encode({ share, secret, signature }).finish(),
    decode: (bytes) => {
      const { share, secret, signature } = proto.RespondReply.decode(bytes);
      return {
        share: filled(share, 'share', maximumVector),
        secret: filled(secret, 'secret', maximumSecret),
        signature: signature.length === 0 ? undefined : filled(signature, 'signature', maximumVector),
      };
    },
  },
};

function decodeTranscriptSignature(fields: handfast.v1.TranscriptSignature.$Properties): TranscriptSignatureRequest {
  const { keyId, scheme, hash, beforeShare, afterShare } = proto.TranscriptSignature.create(fields);
  return {
    keyId: hexKeyId(keyId),
    scheme: codePoint(scheme, 'scheme'),
    hash: nameOf(hashes, hash, 'hash'),
    beforeShare: filled(beforeShare, 'before_share', maximumTranscript),
    afterShare: filled(afterShare, 'after_share', maximumTranscript),
  };
}

export const startServerCodec: OperationCodec<StartServerRequest, StartServerAnswer> = {
  request: {
    encode: (request) => proto.StartServerRequest.encode(request).finish(),
    decode: (bytes) => {
      const { group, keyId, scheme, clientRandom, serverRandom } = proto.StartServerRequest.decode(bytes);
      return {
        group: codePoint(group, 'group'),
        keyId: hexKeyId(keyId),
        scheme: codePoint(scheme, 'scheme'),
        clientRandom: exactly(clientRandom, 'client_random', 32),
        serverRandom: exactly(serverRandom, 'server_random', 32),
      };
    },
  },
  answer: {
    encode: (answer) => proto.StartServerReply.encode(answer).finish(),
    decode: (bytes) => {
      const { share, signature, continuation } = proto.StartServerReply.decode(bytes);
      return {
        share: filled(share, 'share', maximumVector),
        signature: filled(signature, 'signature', maximumVector),
        continuation: filled(continuation, 'continuation', maximumVector),
      };
    },
  },
};

export const offerCodec: OperationCodec<OfferRequest, OfferAnswer> = {
  request: {
    encode: ({ groups }) => proto.OfferRequest.encode({ groups: [...groups] }).finish(),
    decode: (bytes) => {
      const { groups } = proto.OfferRequest.decode(bytes);
      return { groups: atMost(groups, 'groups', maximumGroups).map((group) => codePoint(group, 'group')) };
    },
  },
  answer: {
    encode: ({ shares, continuation }) => proto.OfferReply.encode({ shares: [...shares], continuation }).finish(),
    decode: (bytes) => {
      const { shares, continuation } = proto.OfferReply.decode(bytes);
      return {
        shares: atMost(shares, 'shares', maximumGroups).map((entry) => {
          const { group, share } = proto.KeyShare.create(entry);
          return { group: codePoint(group, 'group'), share: filled(share, 'share', maximumVector) };
        }),
        continuation: filled(continuation, 'continuation', maximumVector),
      };
    },
  },
};

export const agreeCodec: OperationCodec<AgreeRequest, AgreeAnswer> = {
  request: {
    encode: ({ continuation, group, peerShare, masterSecret }) =>
      proto.AgreeRequest.encode({ continuation, group, peerShare, ...encodeDerivation(masterSecret) }).finish(),
    decode: (bytes) => {
      const message = proto.AgreeRequest.decode(bytes);
      return {
        continuation: filled(message.continuation, 'continuation', maximumVector),
        group: codePoint(message.group, 'group'),
        peerShare: limited(message.peerShare, 'peer_share', maximumVector),
        masterSecret: decodeDerivation(message),
      };
    },
  },
  answer: {
    encode: (answer) => proto.AgreeReply.encode(answer).finish(),
    decode: (bytes) => ({ secret: filled(proto.AgreeReply.decode(bytes).secret, 'secret', maximumSecret) }),
  },
};

export const signCodec: OperationCodec<SignRequest, SignAnswer> = {
  request: {
    encode: (request) => proto.SignRequest.encode(request).finish(),
    decode: (bytes) => {
      const { keyId, scheme, content } = proto.SignRequest.decode(bytes);
      return {
        keyId: hexKeyId(keyId),
        scheme: codePoint(scheme, 'scheme'),
        content: filled(content, 'content', maximumTranscript),
      };
    },
  },
  answer: {
    encode: (answer) => proto.SignReply.encode(answer).finish(),
    decode: (bytes) => ({ signature: filled(proto.SignReply.decode(bytes).signature, 'signature', maximumVector) }),
  },
};

export const decryptCodec: OperationCodec<DecryptRequest, DecryptAnswer> = {
  request: {
    encode: ({ keyId, encryptedPremaster, clientVersion, masterSecret }) =>
      proto.DecryptRequest.encode({
        ...{ keyId, encryptedPremaster, clientVersion },
        ...encodeDerivation(masterSecret),
      }).finish(),
    decode: (bytes) => {
      const message = proto.DecryptRequest.decode(bytes);
      return {
        keyId: hexKeyId(message.keyId),
        encryptedPremaster: limited(message.encryptedPremaster, 'encrypted_premaster', maximumVector),
        clientVersion: codePoint(message.clientVersion, 'client_version'),
        masterSecret: present(decodeDerivation(message), 'master_secret'),
      };
    },
  },
  answer: {
    encode: (answer) => proto.DecryptReply.encode(answer).finish(),
    decode: (bytes) => ({ secret: exactly(proto.DecryptReply.decode(bytes).secret, 'secret', 48) }),
  },
};

type MasterSecretFields = Pick<handfast.v1.AgreeRequest.$Properties, 'extended' | 'classic'>;

function encodeDerivation(derivation: MasterSecretDerivation | undefined): MasterSecretFields {
  if (derivation === undefined) return {};
  const hash = hashes[derivation.hash];
  if (derivation.kind === 'extended') return { extended: { hash, sessionHash: derivation.sessionHash } };
  return { classic: { hash, clientRandom: derivation.clientRandom, serverRandom: derivation.serverRandom } };
}

function decodeDerivation({ extended, classic }: MasterSecretFields): MasterSecretDerivation | undefined {
  if (extended) {
    const { hash, sessionHash } = proto.ExtendedMasterSecret.create(extended);
    return {
      kind: 'extended',
      hash: nameOf(hashes, hash, 'hash'),
      sessionHash: filled(sessionHash, 'session_hash', 64),
    };
  }
  if (classic) {
    const { hash, clientRandom, serverRandom } = proto.ClassicMasterSecret.create(classic);
    return {
      kind: 'classic',
      hash: nameOf(hashes, hash, 'hash'),
      clientRandom: exactly(clientRandom, 'client_random', 32),
      serverRandom: exactly(serverRandom, 'server_random', 32),
    };
  }
  return undefined;
}

function hexKeyId(keyId: string): string {
  if (!/^[0-9a-f]{64}$/.test(keyId)) throw new RangeError('key_id is not 64 hex digits');
  return keyId;
}
