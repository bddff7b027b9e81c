import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nativeCrypto } from '@handfast/crypto/native';
import { HeldContinuations, type HostedAskContext, keyIdOf, LocalKeyExchange } from '@handfast/key-exchange';
import { SignatureScheme } from '@handfast/wire';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { KeyFiles } from './key-files.ts';
import { ReloadingKeyExchange } from './reloading-key-exchange.ts';

const context = {} as HostedAskContext;
const makeKey = () => generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
const [first, second] = [makeKey(), makeKey()];
const minute = 60_000;

let folder: string;
let path: string;
let lines: string[];
let time: number;
let exchange: ReloadingKeyExchange;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'handfast-keys-'));
  path = join(folder, 'server.key');
  lines = [];
  time = 0;
  write(first);
  exchange = open();
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function write(key: KeyObject): void {
  writeFileSync(path, key.export({ type: 'pkcs8', format: 'pem' }));
}

function open(): ReloadingKeyExchange {
  const crypto = nativeCrypto;
  const files = new KeyFiles({ crypto, paths: [path], log: (line) => lines.push(line), now: () => time });
  const continuations = new HeldContinuations();
  const withKeys = () => new LocalKeyExchange({ crypto, keys: files.keys, continuations });
  return new ReloadingKeyExchange(files, withKeys, () => time);
}

function sign(key: KeyObject): Uint8Array {
  const { spki } = nativeCrypto.importPrivateKey(Uint8Array.from(key.export({ type: 'pkcs8', format: 'der' })));
  const keyId = keyIdOf(nativeCrypto, spki);
  const request = { keyId, scheme: SignatureScheme.ecdsa_secp256r1_sha256, content: new Uint8Array(8) };
  return exchange.sign(request, context).signature;
}

describe('a key exchange with the keys of files', () => {
  it('has a key that has replaced another, and for a while that one too', () => {
    write(second);
    expect(exchange.reload()).toBe(true);
    expect(sign(second)).toBeInstanceOf(Uint8Array);
    expect(sign(first)).toBeInstanceOf(Uint8Array);
    expect(lines).toEqual([`key-exchange: ${path} has changed, and is in use`]);
    time += 10 * minute;
    expect(exchange.reload()).toBe(true);
    expect(() => sign(first)).toThrow('no private key with key ID');
    expect(sign(second)).toBeInstanceOf(Uint8Array);
  });

  it('looks for a key that is asked for and not there, once a second', () => {
    expect(() => sign(second)).toThrow('no private key with key ID');
    write(second);
    expect(() => sign(second)).toThrow('no private key with key ID');
    time += 1_000;
    expect(sign(second)).toBeInstanceOf(Uint8Array);
  });

  it('goes on with what was begun before the change', () => {
    const { continuation, shares } = exchange.offer({ groups: [29] }, context);
    write(second);
    exchange.reload();
    const peerShare = nativeCrypto.generateEphemeral(29).share;
    const { secret } = exchange.agree({ continuation, group: 29, peerShare, masterSecret: undefined }, context);
    expect([shares.length, secret.length]).toEqual([1, 32]);
  });

  it.for<[string, () => void]>([
    ['is gone', () => rmSync(path)],
    ['holds no key', () => writeFileSync(path, 'nothing')],
  ])('stays with what it had where a file %s, and says so once', ([, spoil]) => {
    spoil();
    expect(exchange.reload()).toBe(false);
    expect(exchange.reload()).toBe(false);
    expect(sign(first)).toBeInstanceOf(Uint8Array);
    expect(lines).toEqual([expect.stringMatching(/server\.key: .*; the key from before stays in use$/)]);
  });

  it('refuses to start with a file that it cannot use, naming it', () => {
    writeFileSync(path, 'nothing');
    expect(open).toThrow(`${path}: the PEM text holds no private key`);
  });
});
