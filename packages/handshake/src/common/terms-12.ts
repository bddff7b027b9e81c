import { type CipherSuiteParameters, finishedVerifyData12, type MasterSecretDerivation } from '@handfast/key-exchange';
import type { Negotiated } from '../timeline.ts';
import type { Handshake } from './handshake.ts';

/** What the two hellos of TLS 1.2 settle, in a full handshake and in one that resumes a session. */
export interface Terms12 {
  readonly suite: CipherSuiteParameters;
  /** 32 bytes each. */
  readonly clientRandom: Uint8Array;
  readonly serverRandom: Uint8Array;
  readonly applicationProtocol: string | undefined;
  /** RFC 7627. */
  readonly extendedMasterSecret: boolean;
  /** RFC 7366; false but for suites with CBC. */
  readonly encryptThenMac: boolean;
}

export function factsOf12({ suite, extendedMasterSecret, applicationProtocol }: Terms12): Negotiated {
  const facts = { cipherSuite: suite.name, extendedMasterSecret };
  return applicationProtocol === undefined ? facts : { ...facts, applicationProtocol };
}

/** How the premaster secret becomes the master secret, when ClientKeyExchange is the last message of the transcript. */
export function derivation12({ transcript }: Handshake, terms: Terms12): MasterSecretDerivation {
  const { hash } = terms.suite;
  if (terms.extendedMasterSecret) return { kind: 'extended', hash, sessionHash: transcript.hash() };
  return { kind: 'classic', hash, clientRandom: terms.clientRandom, serverRandom: terms.serverRandom };
}

/** verify_data of the Finished that is next in the transcript (RFC 5246 section 7.4.9). */
export function verifyData12(
  { crypto, transcript }: Handshake,
  { suite }: Terms12,
  masterSecret: Uint8Array,
  sender: 'client' | 'server',
): Uint8Array {
  return finishedVerifyData12(crypto, suite.hash, masterSecret, sender, transcript.hash());
}
