import { CipherSuite, NamedGroup } from '@handfast/wire';
import { afterAll, beforeAll, describe, expect, it, type TestContext } from 'vitest';
import { type Certificates, makeCertificates } from '../support/certificates.ts';
import { dial, localPorts } from '../support/dial.ts';
import { curlPeer } from '../support/peers/curl-peer.ts';
import { gnutls } from '../support/peers/gnutls.ts';
import { go } from '../support/peers/go.ts';
import { jsse } from '../support/peers/jsse.ts';
import { node } from '../support/peers/node.ts';
import { nss } from '../support/peers/nss.ts';
import { openSslPeer } from '../support/peers/openssl-peer.ts';
import { offeredGroups, type Peer, type RunningPeer, type Side, type Wanted } from '../support/peers/peer.ts';
import { titleWith } from '../support/processes.ts';
import { EchoServer, serverParty } from '../support/serve.ts';
import { startTimeout } from '../support/stacks.ts';
import { type Row, rows } from './rows.ts';

const peers: readonly Peer[] = [openSslPeer, node, gnutls, nss, go, jsse, curlPeer];

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
      const { wanted, refused } = row;
      const peer = ready(row, 'client', context);
      const { ports, configuration } = serverParty(certificates, certificates.servers[wanted.kind], {
        ...ours(wanted, [wanted.group]),
        clientAuthentication: wanted.clientAuth,
        maxEarlyData: wanted.resumption === 'early data' ? 1000 : 0,
      });
      const server = await EchoServer.start(ports, configuration);
      const report = await peer.connect(server.port, wanted);
      server.stop();
      expect(report, report.output).toMatchObject({ answered: !refused, resumed: wanted.resumption !== 'none' });
      const { timeline } = await server.next();
      if (refused) expect(timeline.failure).toMatchObject({ by: 'us', reason: 'certificate-required' });
      else expect(timeline).toMatchObject({ state: 'confirmed', negotiated: agreed(row) });
      if (wanted.resumption === 'none') return;
      const { timeline: second } = await server.next();
      // A client that has said all early may have nothing more to say.
      const state = wanted.resumption === 'early data' ? expect.stringMatching(/completed|confirmed/) : 'confirmed';
      expect(second).toMatchObject({ state, negotiated: resumed(row) });
    });
  });

  describe('with our client', () => {
    it.for(titled)('%s', async ([, row], context) => {
      const { wanted, refused } = row;
      const { port, request, response } = await ready(row, 'server', context).listen(wanted);
      const ports = localPorts(certificates);
      const call = () =>
        dial({
          port,
          ports,
          send: Buffer.from(request),
          identity: wanted.clientKind && certificates.clients[wanted.clientKind],
          earlyData: wanted.resumption === 'early data' ? 'offered' : 'off',
          ...ours(wanted, offeredGroups(wanted)),
        });
      const { timeline, error, received } = await call();
      if (refused) {
        expect(timeline.failure).toMatchObject({ by: 'peer', reason: 'peer-alert' });
        return;
      }
      expect({ timeline, error }).toMatchObject({
        timeline: { state: 'confirmed', negotiated: agreed(row) },
        error: undefined,
      });
      expect(received.toString()).toContain(response);
      if (wanted.resumption === 'none') return;
      const second = await call();
      expect(second).toMatchObject({ timeline: { state: 'confirmed', negotiated: resumed(row) }, error: undefined });
      expect(second.received.toString()).toContain(response);
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
function agreed({ wanted }: Row) {
  const { version, suite, group, retried, clientAuth, clientKind, protocol } = wanted;
  const presented = clientKind === undefined ? 'absent' : 'presented';
  return {
    protocol: `TLS ${version}`,
    cipherSuite: suite,
    resumption: 'full',
    ...(suite.startsWith('TLS_RSA') ? {} : { group }),
    ...(retried ? { helloRetried: true } : {}),
    ...(protocol === undefined ? {} : { applicationProtocol: protocol }),
    clientCertificate: clientAuth === 'none' ? 'not-requested' : presented,
  };
}

/** The same of the connection that resumes. */
function resumed({ wanted: { version, suite, resumption } }: Row) {
  return {
    protocol: `TLS ${version}`,
    cipherSuite: suite,
    resumption: 'resumed',
    ...(resumption === 'early data' ? { earlyData: 'accepted' } : {}),
  };
}

function codeOf(registry: Readonly<Record<string, number>>, name: string): number {
  const code = registry[name];
  if (code === undefined) throw new Error(`there is no ${name}`);
  return code;
}
