import { join } from 'node:path';
import { findProgram, Program } from '../processes.ts';
import { AskedPeer } from './asked.ts';
import type { Peer } from './peer.ts';

const groups = ['x25519', 'secp256r1', 'secp384r1', 'secp521r1', 'X25519MLKEM768'];

export const go: Peer = {
  name: 'Go crypto/tls',
  missing: findProgram('go') === undefined ? 'go' : undefined,
  lacks: ({ group, kind, clientKind, suite, resumption }) => {
    if (suite.includes('CCM')) return 'no CCM';
    if (suite.startsWith('TLS_DHE')) return 'no DHE';
    if (suite.includes('CBC_SHA384') || /^TLS_RSA.*CBC_SHA256/.test(suite)) return 'no such suite';
    if (resumption === 'early data') return 'no early data';
    if (resumption === 'session ID') return 'tickets alone';
    if (!groups.includes(group)) return `no ${group}`;
    if ([kind, clientKind].includes('rsa-pss-2048')) return 'no certificates of RSA-PSS';
    return undefined;
  },
  start: async (certificates) => {
    const program = join(certificates.folder, 'go-peer');
    const build = new Program('go', ['build', '-o', program, join(import.meta.dirname, 'go/main.go')], {
      // It needs nothing but the standard library, and no other toolchain than the one that is here.
      env: { ...process.env, GOTOOLCHAIN: 'local', GOPROXY: 'off', GOWORK: 'off' },
    });
    if ((await build.ended) !== 0) throw new Error(`go build failed: ${build.stderr}`);
    return AskedPeer.start(program, [], certificates);
  },
};
