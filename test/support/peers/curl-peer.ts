import type { Certificates } from '../certificates.ts';
import { Program } from '../processes.ts';
import { curl, curlGet } from './curl.ts';
import { openSslGroup, openSslSuite } from './openssl-names.ts';
import { type ClientReport, clientIdentity, offeredGroups, type Peer, type RunningPeer, type Wanted } from './peer.ts';

/** curl, as a client. What TLS it can do is that of the library that it was built with. */
export const curlPeer: Peer = {
  name: 'curl',
  missing: curl === undefined ? 'curl' : undefined,
  lacks: ({ resumption, group, suite, protocol }, side) => {
    if (side === 'server') return 'no server';
    if (resumption !== 'none') return 'one connection alone';
    if (group === 'X25519MLKEM768') return `no ${group}`;
    // RFC 7301: it offers http/1.1 and nothing else, whether it is wanted or not.
    if (suite.includes('CCM_8')) return 'no such suite';
    return protocol === undefined || protocol === 'http/1.1' ? undefined : 'no such option of ALPN';
  },
  start: async (certificates) => {
    const asked = new Program('curl', ['--version']);
    await asked.ended;
    return new Curl(/^curl (\S+)/.exec(asked.stdout)?.[1] ?? 'of unknown version', certificates);
  },
};

class Curl implements RunningPeer {
  readonly version: string;
  readonly #certificates: Certificates;

  constructor(version: string, certificates: Certificates) {
    this.version = version;
    this.#certificates = certificates;
  }

  async connect(port: number, wanted: Wanted): Promise<ClientReport> {
    const { version, suite, protocol } = wanted;
    const { exitCode, body, log } = await curlGet({
      port,
      ca: this.#certificates.root,
      identity: clientIdentity(this.#certificates, wanted),
      more: [
        // What comes back is what was sent, which is no response but to those who take anything for one.
        '--http0.9',
        ...[`--tlsv${version}`, '--tls-max', version, '--curves', offeredGroups(wanted).map(openSslGroup).join(':')],
        ...[version === '1.3' ? '--tls13-ciphers' : '--ciphers', openSslSuite(suite)],
        ...(protocol === undefined ? ['--no-alpn'] : []),
      ],
    });
    return { answered: exitCode === 0 && body.includes('GET / HTTP/1.1'), resumed: false, output: `${body}\n${log}` };
  }

  listen(): Promise<never> {
    return Promise.reject(new Error('curl is no server'));
  }

  async stop(): Promise<void> {}
}
