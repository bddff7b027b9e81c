import { join } from 'node:path';
import { findProgram } from '../processes.ts';
import { AskedPeer } from './asked.ts';
import type { Peer } from './peer.ts';

const groups = ['x25519', 'secp256r1', 'secp384r1', 'secp521r1', 'ffdhe2048', 'ffdhe3072'];

export const jsse: Peer = {
  name: 'Java JSSE',
  missing: findProgram('java') === undefined ? 'java' : undefined,
  lacks: ({ version, group, retried, suite, resumption }, side) => {
    if (suite.includes('CCM')) return 'no CCM';
    if (resumption === 'early data') return 'no early data';
    if (resumption === 'session ID') return 'tickets alone';
    if (!groups.includes(group)) return `no ${group}`;
    // JDK-8328046: it drops leading zeros of the secret, so that one handshake in 256 fails.
    if (version === '1.3' && group.startsWith('ffdhe')) return 'fails by chance (JDK-8328046)';
    // Before Java 20 the groups are those of the whole process.
    if (retried && side === 'server') return 'no choice of groups';
    return undefined;
  },
  // Started from its source; the first tier of the compiler is enough for what it does.
  start: (certificates) =>
    AskedPeer.start(
      'java',
      ['-XX:TieredStopAtLevel=1', '-Xshare:auto', join(import.meta.dirname, 'jsse/JssePeer.java')],
      certificates,
    ),
};
