import { once } from 'node:events';
import { nativeCrypto } from '@handfast/crypto/native';
import { LocalSessionManager } from '@handfast/sessions';
import { expect, test, vi } from 'vitest';
import { dial, listen, serverOptions } from '../testing/parties.ts';
import { createServer, type TLSSocket } from './index.ts';

test('a server that breaks off its answer to early data does not put the blame on the client', async () => {
  const served: TLSSocket[] = [];
  const received = (_: Uint8Array, socket: TLSSocket) => {
    served.push(socket);
    socket.write('the answ');
    setImmediate(() => socket.destroy());
  };
  const port = await listen(
    createServer({ ...serverOptions, earlyData: { maximum: 100, received } }, (socket) => void socket.end('welcome')),
  );
  const sessions = new LocalSessionManager({ crypto: nativeCrypto, now: Date.now });
  const first = dial(port, { sessions });
  first.resume();
  await once(first, 'end');
  const client = dial(port, { sessions, earlyData: Buffer.from('question') });
  client.resume();
  await expect(once(client, 'end')).rejects.toMatchObject({ reason: 'peer-closed' });
  await vi.waitFor(() => expect(served[0]?.timeline.endedAt).toBeDefined());
  expect(served[0]?.timeline.failure).toMatchObject({ reason: 'cancelled', by: 'us' });
});
