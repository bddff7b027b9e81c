import { CipherSuite, NamedGroup } from '@handfast/wire';
import { afterAll, beforeAll, describe, expect, it, type TestContext } from 'vitest';
import { type Certificates, makeCertificates } from '../support/certificates.ts';
import { dial, localPorts } from '../support/dial.ts';
import { gnutls } from '../support/peers/gnutls.ts';
import { go } from '../support/peers/go.ts';
import { jsse } from '../support/peers/jsse.ts';
import { nss } from '../support/peers/nss.ts';
import { offeredGroups, type Peer, type RunningPeer, type Side, type Wanted } from '../support/peers/peer.ts';
import { titleWith } from '../support/processes.ts';
import { EchoServer, serverParty } from '../support/serve.ts';
import { startTimeout } from '../support/stacks.ts';
import { type Row, rows } from './rows.ts';

const peers: readonly Peer[] = [gnutls, nss, jsse, go];

let certificates: Certificates;

beforeAll(async () => {
  certificates = await makeCertificates();
}, startTimeout);

afterAll(() => certificates.remove());

for (const peer of peers) {
  describe(titleWith(peer.name, peer.missing ?? '', peer.missing === undefined ? peer.name : undefined), () =>
    meet(peer),
  );
}

function meet(peer: Peer): void {
  let running: RunningPeer | undefined;

  beforeAll(async () => {
    if (peer.missing === undefined) running = await peer.start(certificates);
  }, startTimeout);

  afterAll(() => running?.stop());

  describe('with our server', () => {
    it.for(titled)('%s', async ([, row], context) => {
      const { port, ...client } = await serve(ready(row, 'client', context), row);
      const report = await client.connect(port);
      const { timeline } = await client.served();
      expect(report.answered, report.output).toBe(!row.refused);
      expect(timeline.negotiated).toMatchObject(agreed(row));
      if (row.refused) expect(timeline.failure).toMatchObject({ by: 'us', reason: 'certificate-required' });
      else expect(timeline.state).toBe('confirmed');
    });
  });

  describe('with our client', () => {
    it.for(titled)('%s', async ([, row], context) => {
      const { wanted } = row;
      const { port, request, response } = await ready(row, 'server', context).listen(wanted);
      const { timeline, error, received } = await dial({
        port,
        ports: localPorts(certificates),
        send: Buffer.from(request),
        identity: wanted.clientKind && certificates.clients[wanted.clientKind],
        ...ours(wanted, offeredGroups(wanted)),
      });
      expect(timeline.negotiated).toMatchObject(agreed(row));
      if (row.refused) {
        expect(timeline.failure).toMatchObject({ by: 'peer', reason: 'peer-alert' });
      } else {
        expect({ state: timeline.state, error }).toEqual({ state: 'confirmed', error: undefined });
        expect(received.toString()).toContain(response);
      }
    });
  });

  /** The peer, if it is there and has what it takes. */
  function ready({ feature, wanted }: Row, side: Side, { task, skip }: TestContext): RunningPeer {
    const reason = peer.missing === undefined ? peer.lacks(wanted, side) : `no ${peer.missing} on PATH`;
    task.meta.interop = { peer: peer.name, version: running?.version, side, feature, reason };
    if (running === undefined || reason !== undefined) skip(reason);
    return running as RunningPeer;
  }
}

const titled = rows.map((row) => [row.feature, row] as const);

async function serve(peer: RunningPeer, { wanted }: Row) {
  const { ports, configuration } = serverParty(certificates, certificates.servers[wanted.kind], {
    ...ours(wanted, [wanted.group]),
    clientAuthentication: wanted.clientAuth,
  });
  const server = await EchoServer.start(ports, configuration);
  return {
    port: server.port,
    connect: (port: number) => peer.connect(port, wanted).finally(() => server.stop()),
    served: () => server.next(),
  };
}

/** What our side is told: only that one version, suite and protocol. */
function ours({ version, suite, protocol }: Wanted, groups: readonly string[]) {
  const name = version === '1.3' ? 'tls13' : 'tls12';
  return {
    minVersion: name,
    maxVersion: name,
    cipherSuites: [codeOf(CipherSuite, suite)],
    groups: groups.map((group) => codeOf(NamedGroup, group)),
    applicationProtocols: protocol === undefined ? [] : [protocol],
  } as const;
}

/** What both sides must have come to, by our timeline. */
function agreed({ wanted, refused }: Row) {
  const { version, suite, group, retried, clientAuth, clientKind, protocol } = wanted;
  const presented = clientKind === undefined ? 'absent' : 'presented';
  return {
    protocol: `TLS ${version}`,
    cipherSuite: suite,
    ...(version === '1.2' && refused ? {} : { group }),
    ...(retried ? { helloRetried: true } : {}),
    ...(protocol === undefined ? {} : { applicationProtocol: protocol }),
    clientCertificate: clientAuth === 'none' ? 'not-requested' : presented,
  };
}

function codeOf(registry: Readonly<Record<string, number>>, name: string): number {
  const code = registry[name];
  if (code === undefined) throw new Error(`there is no ${name}`);
  return code;
}
