import type { Credential } from '@handfast/certificates';
import { type MasterSecretDerivation, serverDhParams } from '@handfast/key-exchange';
import {
  type ClientHello,
  encodeServerKeyExchange,
  readClientKeyExchange,
  type ServerKeyExchange,
} from '@handfast/wire';
import { ofLength } from '../common/handshake.ts';
import { exchangeLengthsOf, paddedShare } from '../common/hellos.ts';
import type { Terms12 } from '../common/terms-12.ts';
import { type Ask, ask, type Steps } from '../engine/effects.ts';
import type { ExchangeChoice12, ServerChoice12 } from './choice-12.ts';

/** A server's half of the key exchange. */
export interface ServerExchange12 {
  /** RSA key transport has none. */
  readonly serverKeyExchange: ServerKeyExchange | undefined;
  /** The question for the master secret, once the client's half is there. */
  readonly masterSecret: (
    clientKeyExchange: Uint8Array,
    derivation: MasterSecretDerivation,
  ) => Ask<{ readonly secret: Uint8Array }>;
}

export function* beginServerExchange12(
  { credential, exchange }: ServerChoice12,
  hello: ClientHello,
  terms: Terms12,
): Steps<ServerExchange12> {
  if (exchange.kind === 'key-transport') return keyTransport(credential, hello.legacyVersion);
  return yield* ephemeral(credential, exchange, terms);
}

/** ECDHE (RFC 8422) and DHE (RFC 5246 section 7.4.3, in the groups of RFC 7919). */
function* ephemeral(
  { keyId }: Credential,
  { algorithm, group, scheme }: Extract<ExchangeChoice12, { readonly kind: 'ephemeral' }>,
  { clientRandom, serverRandom }: Terms12,
): Steps<ServerExchange12> {
  const { share, signature, continuation } = yield* ask({
    step: 'ServerKeyExchange',
    port: 'key-exchange',
    operation: 'startServer',
    call: ({ keyExchange }, context) =>
      keyExchange.startServer({ group, keyId, scheme, clientRandom, serverRandom }, context),
  });
  const publicKey = ofLength(share, exchangeLengthsOf(group).serverShare, 'a key share');
  const signed = { signatureScheme: scheme, signature };
  return {
    serverKeyExchange: {
      type: 'ServerKeyExchange',
      exchangeKeys:
        algorithm === 'ecdhe'
          ? encodeServerKeyExchange('ecdhe', { params: { namedCurve: group, publicKey }, ...signed })
          : encodeServerKeyExchange('dhe', { params: serverDhParams(group, publicKey), ...signed }),
    },
    masterSecret: (clientKeyExchange, masterSecret) => {
      const value = readClientKeyExchange(algorithm, clientKeyExchange);
      const peerShare = algorithm === 'dhe' ? paddedShare(group, value) : value;
      return {
        step: 'ClientKeyExchange',
        port: 'key-exchange',
        operation: 'agree',
        call: ({ keyExchange }, context) =>
          keyExchange.agree({ continuation, group, peerShare, masterSecret }, context),
      };
    },
  };
}

/**
 * RSA key transport (RFC 5246 section 7.4.7.1). Whatever is wrong with the premaster secret, its version too, shows in
 * nothing but the client's Finished.
 */
function keyTransport({ keyId }: Credential, clientVersion: number): ServerExchange12 {
  return {
    serverKeyExchange: undefined,
    masterSecret: (clientKeyExchange, masterSecret) => {
      const encryptedPremaster = readClientKeyExchange('rsa', clientKeyExchange);
      return {
        step: 'ClientKeyExchange',
        port: 'key-exchange',
        operation: 'decrypt',
        call: ({ keyExchange }, context) =>
          keyExchange.decrypt({ keyId, encryptedPremaster, clientVersion, masterSecret }, context),
      };
    },
  };
}
