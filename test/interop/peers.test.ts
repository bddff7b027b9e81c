import { randomUUID } from 'node:crypto';
import type { Bus } from '@handfast/bus';
import type { Ports } from '@handfast/handshake';
import { CipherSuite, NamedGroup } from '@handfast/wire';
import { afterAll, beforeAll, describe, expect, it, type TestContext } from 'vitest';
import { type Certificates, kinds, makeCertificates } from '../support/certificates.ts';
import { clientIdentities, dial, localPorts, remotePorts } from '../support/dial.ts';
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
import { type Form, forms, lacking, Stack, startTimeout, titleOf } from '../support/stacks.ts';
import { type Row, rows, rowsOverBus } from './rows.ts';

const peers: readonly Peer[] = [openSslPeer, node, gnutls, nss, go, jsse, curlPeer];

/** A cold cache has all of Go's standard library to build. */
const buildTimeout = 3 * startTimeout;

let certificates: Certificates;
/** Services that are processes of their own, for the form in which they are. */
let services: Stack | undefined;
let bus: Bus | undefined;
let remote: Ports | undefined;

beforeAll(async () => {
  certificates = await makeCertificates();
  if (lacking('over NATS') !== undefined) return;
  services = await Stack.start({
    form: 'over NATS',
    certificates,
    credentials: kinds.map((kind) => certificates.servers[kind]),
    otherKeys: clientIdentities(certificates),
    upstreamPort: 0,
    gateways: {},
  });
  ({ bus, ports: remote } = await remotePorts(services.bus ?? ''));
}, startTimeout);

afterAll(async () => {
  await bus?.close();
  await services?.stop();
  certificates.remove();
});

for (const peer of peers) {
  describe(titleWith(peer.name, peer.missing ?? '', peer.missing === undefined ? peer.name : undefined), () =>
    meet(peer),
  );
}

function meet(peer: Peer): void {
  let running: RunningPeer | undefined;

  beforeAll(async () => {
    if (peer.missing === undefined) running = await peer.start(certificates);
  }, buildTimeout);

  afterAll(() => running?.stop());

  for (const form of forms) {
    describe.skipIf(lacking(form) !== undefined)(titleOf(form), () => meetIn(form));
  }

  function meetIn(form: Form): void {
    describe('with our server', () => {
      it.for(titledIn(form))('%s', async ([, row], context) => {
        const { wanted, refused } = row;
        const peer = ready(form, row, 'client', context);
        const { ports: local, configuration } = serverParty(certificates, certificates.servers[wanted.kind], {
          ...ours(wanted, [wanted.group]),
          clientAuthentication: wanted.clientAuth,
          maxEarlyData: wanted.resumption === 'early data' ? 1000 : 0,
        });
        const server = await EchoServer.start(portsOf(form, local), configuration);
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
      it.for(titledIn(form))('%s', async ([, row], context) => {
        const { wanted, refused } = row;
        const { port, request, response } = await ready(form, row, 'server', context).listen(wanted);
        const ports = portsOf(form, localPorts(certificates));
        // The store of sessions over NATS is one for all tests.
        const sessionsWith = randomUUID();
        const call = () =>
          dial({
            port,
            ports,
            sessionsWith,
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
  }

  /** The peer, if it is there and has what it takes. */
  function ready(form: Form, { feature, wanted }: Row, side: Side, { task, skip }: TestContext): RunningPeer {
    const reason = peer.missing === undefined ? peer.lacks(wanted, side) : `no ${peer.missing} on PATH`;
    task.meta.interop = { peer: peer.name, version: running?.version, form, side, feature, reason };
    if (running === undefined || reason !== undefined) skip(reason);
    return running as RunningPeer;
  }
}

function titledIn(form: Form) {
  return (form === 'embedded' ? rows : rowsOverBus).map((row) => [row.feature, row] as const);
}

function portsOf(form: Form, local: Ports): Ports {
  if (form === 'embedded') return local;
  if (remote === undefined) throw new Error('there are no services');
  return remote;
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
