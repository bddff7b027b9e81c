import { once } from 'node:events';
import { nativeCrypto } from '@handfast/crypto/native';
import { LocalSessionManager } from '@handfast/sessions';
import { expect, test } from 'vitest';
import { dial, listen, serverOptions } from '../testing/parties.ts';
import { createServer, type TLSSocket } from './index.ts';

/** A client that has met the server, and what it hears in answer to early data. */
async function askEarly(received: (bytes: Uint8Array, socket: TLSSocket) => void): Promise<TLSSocket> {
  const server = createServer({ ...serverOptions, earlyData: { maximum: 100, received } }, (socket) => {
    if (socket.earlyData === undefined) socket.end('welcome');
  });
  const port = await listen(server);
  const sessions = new LocalSessionManager({ crypto: nativeCrypto, now: Date.now });
  const first = dial(port, { sessions });
  first.resume();
  await once(first, 'end');
  return dial(port, { sessions, earlyData: Buffer.from('question') });
}

async function textOf(socket: TLSSocket): Promise<string> {
  let text = '';
  for await (const chunk of socket) text += String(chunk);
  return text;
}

test('a server may say all that it has to say to early data at once', async () => {
  const client = await askEarly((bytes, socket) => void socket.end(`the answer to ${Buffer.from(bytes)}`));
  expect(await textOf(client)).toBe('the answer to question');
  expect(client.earlyData).toBe('accepted');
});

test('an answer to early data that is broken off does not look like a whole one', async () => {
  const client = await askEarly((_, socket) => {
    socket.write('the answ');
    setImmediate(() => socket.destroy());
  });
  await expect(textOf(client)).rejects.toThrow();
});
