import { makePki } from '@handfast/certificates/testing';
import { nativeCrypto } from '@handfast/crypto/native';
import { TlsError } from '@handfast/wire';
import { describe, expect, test } from 'vitest';
import { acquainted } from '../../testing/acquainted.ts';
import { endOf, Loopback, partiesOf } from '../../testing/loopback.ts';
import { HeldPorts, intercepted, turn } from '../../testing/ports.ts';
import { Connection, type ConnectionEvents, type Ports } from '../index.ts';

const pki = await makePki({ kinds: ['ecdsa-p256'] });
const stopping = new TlsError('cancelled', 'we stop');

/** Only that operation waits. */
function holding(operation: string): { readonly held: HeldPorts; readonly hold: (ports: Ports) => Ports } {
  const held = new HeldPorts();
  return {
    held,
    hold: (ports) => {
      const waiting = held.hold(ports);
      const port = operation === 'validate' ? 'certificates' : 'sessions';
      return {
        ...ports,
        [port]: new Proxy(ports[port], {
          get: (target, name) => Reflect.get(name === operation ? waiting[port] : target, name).bind(target),
        }),
      };
    },
  };
}

describe('the end of a connection', () => {
  test('is told also where whoever hears of the progress throws', () => {
    const { client } = partiesOf({ pki });
    const failures: string[] = [];
    const connection = new Connection(
      client.configuration,
      { ports: client.ports, now: Date.now, date: Date.now, askTimeout: 1000 },
      {
        output: () => {},
        open: () => {},
        data: () => {},
        peerClosed: () => {},
        failed: ({ reason }) => void failures.push(reason),
        progress: () => {
          throw new Error('no room for a trace');
        },
      },
    );
    expect(() => connection.start()).toThrow('no room for a trace');
    expect(failures).toEqual(['internal-error']);
  });

  test('is the end, also for the data in hand', () => {
    const { client, server } = partiesOf({ pki });
    const end = endOf(client.configuration, client.ports);
    const events: string[] = [];
    const outbox: Uint8Array[] = [];
    const told: ConnectionEvents = {
      output: (bytes) => void outbox.push(bytes),
      open: () => {},
      data: () => void events.push('data'),
      peerClosed: () => void events.push('peerClosed'),
      failed: () => void events.push('failed'),
      progress: ({ state }) => {
        if (state === 'confirmed') connection.abort(stopping);
      },
    };
    const connection = new Connection(
      server.configuration,
      { ports: server.ports, now: Date.now, date: Date.now, askTimeout: 1000 },
      told,
    );
    const deliver = () => {
      while (end.outbox.length + outbox.length > 0) {
        for (const bytes of end.outbox.splice(0)) connection.receive(bytes);
        for (const bytes of outbox.splice(0)) end.connection.receive(bytes);
      }
    };
    connection.start();
    end.connection.start();
    deliver();
    end.connection.write(Uint8Array.of(65));
    deliver();
    expect(events).toEqual(['failed']);
  });

  test('does not make a part of an answer to early data look like all of it', () => {
    const loopback = new Loopback(
      acquainted({ pki, client: { earlyData: 'offered' }, server: { maxEarlyData: 1000 } }),
    );
    const { client, server } = loopback;
    server.connection.start();
    client.connection.start();
    client.connection.write(Uint8Array.of(65));
    for (const bytes of client.outbox.splice(0)) server.connection.receive(bytes);
    server.connection.write(new TextEncoder().encode('the answ'));
    server.connection.abort(stopping);
    loopback.deliver();
    expect([client.received, client.peerClosed]).toEqual(['the answ', false]);
    client.connection.transportEnded();
    expect(client.error?.reason).toBe('peer-closed');
  });

  test('waits for a port, where all that the client has to say came before it', async () => {
    const { held, hold } = holding('validate');
    const { server } = new Loopback({
      pki,
      clientCredentials: [pki.client],
      server: { clientAuthentication: 'required' },
      serverPorts: hold,
    }).run();
    server.connection.transportEnded();
    expect(server.error).toBeUndefined();
    for (const question of held.held) question.release();
    await turn();
    expect(server.opened).toBeDefined();
  });

  test('cancels the ask for tickets', () => {
    const { held, hold } = holding('blankTickets');
    const loopback = new Loopback({ pki, serverPorts: hold }).run();
    loopback.client.connection.close();
    loopback.deliver();
    loopback.server.connection.close();
    expect(held.held.map(({ cancelled }) => cancelled)).toEqual([true]);
  });
});

test('an open connection forgets the tickets that it gave out', async () => {
  const { setFlagsFromString } = await import('node:v8');
  const { runInNewContext } = await import('node:vm');
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc');
  const blanks: WeakRef<object>[] = [];
  const serverPorts = (ports: Ports) =>
    intercepted(ports, ({ operation, answer }) => {
      const given = answer();
      if (operation === 'blankTickets') blanks.push(new WeakRef(given as object));
      return given;
    });
  const { server } = new Loopback({ pki, serverPorts }).run();
  for (let time = 0; time < 5; time += 1) {
    await turn();
    collect();
  }
  expect(blanks.map((blank) => blank.deref())).toEqual([undefined]);
  server.connection.write(nativeCrypto.randomBytes(1));
});
