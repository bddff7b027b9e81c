import { generateKeyPairSync } from 'node:crypto';
import { resolve } from 'node:path';
import { NatsBus, RemoteKeyExchange } from '@handfast/bus';
import type { NatsServer } from '@handfast/bus/testing';
import {
  contextOf,
  end,
  type ModuleProcess,
  natsServerBinary,
  startModule,
  startNatsServer,
} from '@handfast/bus/testing';
import { nativeCrypto } from '@handfast/crypto/native';
import { keyIdOf } from '@handfast/key-exchange';
import { NamedGroup, SignatureScheme } from '@handfast/wire';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';

const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const pem = String(privateKey.export({ type: 'pkcs8', format: 'pem' }));
const key = nativeCrypto.importPrivateKey(privateKey.export({ type: 'pkcs8', format: 'der' }));
const keyId = keyIdOf(nativeCrypto, key.spki);
const offer = { groups: [NamedGroup.x25519] };

/** Runs the service until it is told to terminate. */
const code = `
  import { startKeyExchangeService } from '@handfast/key-exchange-service';
  const { BUS: bus, KEY: key, OTHER_KEY: other } = process.env;
  const service = await startKeyExchangeService({ bus, keys: [key, other].filter(Boolean), log: console.error });
  process.once('SIGTERM', () => service.stop());
  console.log(service.instance);
`;

describe.skipIf(natsServerBinary() === undefined)('the key exchange service, as processes of its own', () => {
  let server: NatsServer;
  let bus: NatsBus;
  let remote: RemoteKeyExchange;
  let replicas: ModuleProcess[];

  beforeAll(async () => {
    server = await startNatsServer();
  });
  afterAll(() => server.stop());
  beforeEach(async () => {
    replicas = await Promise.all([startReplica(), startReplica()]);
    bus = await NatsBus.connect({ servers: server.url, crypto: nativeCrypto });
    remote = new RemoteKeyExchange(bus);
  });
  afterEach(async () => {
    await bus.close();
    await Promise.all(replicas.map(({ child }) => end(child)));
  });

  function startReplica(environment: NodeJS.ProcessEnv = {}): Promise<ModuleProcess> {
    const folder = resolve(import.meta.dirname, '..');
    return startModule(folder, code, { BUS: server.url, KEY: pem, ...environment });
  }

  /** Asks `count` times, so many at a time, and tells which instance answered each ask. */
  async function ask(count: number, atOnce: number, during?: (asked: number) => void): Promise<readonly string[]> {
    const instances: string[] = [];
    let asked = 0;
    const worker = async (): Promise<void> => {
      while (asked < count) {
        asked += 1;
        during?.(asked);
        await remote.offer(offer, contextOf({ report: ({ instance }) => instances.push(instance) }));
      }
    };
    await Promise.all(Array.from({ length: atOnce }, worker));
    return instances;
  }

  it('signs with its keys', async () => {
    const content = Buffer.from('what is signed');
    const scheme = SignatureScheme.ecdsa_secp256r1_sha256;
    const { signature } = await remote.sign({ keyId, scheme, content }, contextOf());
    expect(nativeCrypto.importPublicKey(key.spki).verify(scheme, content, signature)).toBe(true);
  });

  it('shares the load between two replicas', async () => {
    const names = replicas.map(({ firstLine }) => firstLine);
    expect(new Set(await ask(60, 4))).toEqual(new Set(names));
  });

  it('ends at one replica what another began', async () => {
    const pairs = new Set<string>();
    const names = replicas.map(({ firstLine }) => firstLine);
    for (let index = 0; index < 40; index++) {
      const instances: string[] = [];
      const report = ({ instance }: { readonly instance: string }) => instances.push(instance);
      const { shares, continuation } = await remote.offer(offer, contextOf({ report }));
      const peer = nativeCrypto.generateEphemeral(NamedGroup.x25519);
      const request = { continuation, group: NamedGroup.x25519, peerShare: peer.share, masterSecret: undefined };
      const { secret } = await remote.agree(request, contextOf({ report }));
      expect(Buffer.from(secret).equals(peer.agree(shares[0]?.share ?? new Uint8Array()))).toBe(true);
      pairs.add(instances.join(' then '));
    }
    expect(pairs).toEqual(new Set(names.flatMap((first) => names.map((second) => `${first} then ${second}`))));
  });

  it('does not let another asker end what one began', async () => {
    const { continuation } = await remote.offer(offer, contextOf());
    const other = await NatsBus.connect({ servers: server.url, crypto: nativeCrypto });
    const { share: peerShare } = nativeCrypto.generateEphemeral(NamedGroup.x25519);
    const request = { continuation, group: NamedGroup.x25519, peerShare, masterSecret: undefined };
    const answer = new RemoteKeyExchange(other).agree(request, contextOf());
    await expect(answer).rejects.toMatchObject({ reason: 'service-failed' });
    await other.close();
  });

  it('loses no request when one of two replicas is killed', async () => {
    const [victim, survivor] = replicas;
    if (victim === undefined || survivor === undefined) throw new Error('two replicas');
    await ask(20, 4);
    const instances = await ask(400, 8, (asked) => {
      if (asked === 100) victim.child.kill('SIGKILL');
    });
    expect(instances).toHaveLength(400);
    expect(new Set(await ask(20, 4))).toEqual(new Set([survivor.firstLine]));
  });

  it('loses no request while a replica is paused', async () => {
    const [victim] = replicas;
    await ask(20, 4);
    victim?.child.kill('SIGSTOP');
    expect(await ask(40, 8)).toHaveLength(40);
    victim?.child.kill('SIGCONT');
  });

  it('answers what it took before it ends, when told to', async () => {
    const [leaver] = replicas;
    await ask(20, 4);
    const gone = new Promise((resolve) => leaver?.child.once('exit', (exitCode) => resolve(exitCode)));
    const instances = await ask(200, 8, (asked) => {
      if (asked === 50) leaver?.child.kill('SIGTERM');
    });
    expect(instances).toHaveLength(200);
    expect(await gone).toBe(0);
  });

  it('says which key it cannot use', async () => {
    const starting = startReplica({ OTHER_KEY: 'not a key' });
    await expect(starting).rejects.toThrow(/configuration-invalid/);
  });
});
