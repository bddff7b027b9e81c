import { createPrivateKey, createPublicKey, diffieHellman, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { DerReader, DerTag, encodeDer, encodeInteger } from '../der.ts';
import { checkExponent, checkFfdheShare, type FfdheGroup, ffdheGroup, ffdheLengths } from '../ffdhe.ts';
import { type KeyAgreement, respondWithKeyPair } from '../key-agreement.ts';
import type { EphemeralKey } from '../provider.ts';
import { plain } from './plain.ts';

/** dhKeyAgreement (RFC 2631; PKCS #3 section 9). */
const dhKeyAgreement = Uint8Array.of(0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x03, 0x01);
const version0 = Uint8Array.of(DerTag.integer, 1, 0);

/** A group, and how node:crypto wants to be told of it. DiffieHellman objects would test the prime for seconds. */
interface NativeGroup extends FfdheGroup {
  readonly group: number;
  /** AlgorithmIdentifier, DER. */
  readonly algorithm: Uint8Array;
}

class FfdheKey implements EphemeralKey {
  readonly group: number;
  readonly #group: NativeGroup;
  readonly #privateKey: KeyObject;
  #share: Uint8Array | undefined;

  constructor(group: NativeGroup, privateKey: KeyObject, share?: Uint8Array) {
    this.group = group.group;
    this.#group = group;
    this.#privateKey = privateKey;
    this.#share = share;
  }

  get share(): Uint8Array {
    this.#share ??= shareOf(this.#group, createPublicKey(this.#privateKey).export({ format: 'der', type: 'spki' }));
    return this.#share;
  }

  agree(peerShare: Uint8Array): Uint8Array {
    checkFfdheShare(this.#group, peerShare);
    const publicKey = importPublic(this.#group, peerShare);
    return plain(diffieHellman({ privateKey: this.#privateKey, publicKey }));
  }

  exportPrivate(): Uint8Array {
    const info = new DerReader(this.#privateKey.export({ format: 'der', type: 'pkcs8' })).readSequence();
    info.read(DerTag.integer);
    info.read(DerTag.sequence);
    const exponent = new DerReader(info.read(DerTag.octetString)).readPositiveInteger();
    return padded(exponent, this.#group.prime.length);
  }
}

function importPublic({ algorithm }: NativeGroup, share: Uint8Array): KeyObject {
  const key = encodeDer(DerTag.bitString, new Uint8Array(1), encodeInteger(share));
  return createPublicKey({ key: derOf(algorithm, key), format: 'der', type: 'spki' });
}

function importPrivate({ algorithm }: NativeGroup, exponent: Uint8Array): KeyObject {
  const key = encodeDer(DerTag.octetString, encodeInteger(exponent));
  return createPrivateKey({ key: derOf(version0, algorithm, key), format: 'der', type: 'pkcs8' });
}

function derOf(...parts: readonly Uint8Array[]): Buffer {
  return Buffer.from(encodeDer(DerTag.sequence, ...parts).buffer);
}

/** @param spki of our own, DER. */
function shareOf({ prime }: NativeGroup, spki: Uint8Array): Uint8Array {
  const info = new DerReader(spki).readSequence();
  info.read(DerTag.sequence);
  return padded(new DerReader(info.readBitString()).readPositiveInteger(), prime.length);
}

function padded(number: Uint8Array, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  bytes.set(number, length - number.length);
  return bytes;
}

export function finiteField(code: number): KeyAgreement {
  let known: NativeGroup | undefined;
  const group = (): NativeGroup => {
    known ??= nativeGroup(code);
    return known;
  };
  const generate = (): EphemeralKey => {
    const { privateKey, publicKey } = generateKeyPairSync('dh', {
      prime: Buffer.from(group().prime),
      generator: group().generator[0] ?? 0,
      publicKeyEncoding: { format: 'der', type: 'spki' },
    });
    return new FfdheKey(group(), privateKey, shareOf(group(), publicKey));
  };
  return {
    group: code,
    lengths: ffdheLengths(code),
    generate,
    respond: (clientShare) => respondWithKeyPair(generate(), clientShare),
    import(exported): EphemeralKey {
      checkExponent(group(), exported);
      return new FfdheKey(group(), importPrivate(group(), exported));
    },
  };
}

function nativeGroup(code: number): NativeGroup {
  const { prime, generator } = ffdheGroup(code);
  const numbers = encodeDer(DerTag.sequence, encodeInteger(prime), encodeInteger(generator));
  const algorithm = encodeDer(DerTag.sequence, encodeDer(DerTag.objectIdentifier, dhKeyAgreement), numbers);
  return { group: code, prime, generator, algorithm };
}
