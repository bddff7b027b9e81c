import { join } from 'node:path';
import { AskedPeer } from './asked.ts';
import type { Peer } from './peer.ts';

export const node: Peer = {
  name: 'Node.js',
  missing: undefined,
  lacks: ({ resumption, suite }, side) => {
    if (resumption === 'early data') return 'no early data';
    // It chooses among groups of RFC 3526, or takes one from a file.
    if (suite.startsWith('TLS_DHE') && side === 'server') return 'no groups of RFC 7919';
    return undefined;
  },
  start: (certificates) => AskedPeer.start(process.execPath, [join(import.meta.dirname, 'node/main.ts')], certificates),
};
