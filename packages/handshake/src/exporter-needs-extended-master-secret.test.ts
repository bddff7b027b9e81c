import { once } from 'node:events';
import { duplexPair } from 'node:stream';
import { connect } from 'node:tls';
import { makePki } from '@handfast/certificates/testing';
import { expect, test } from 'vitest';
import { endOf, partiesOf } from '../testing/loopback.ts';

const pki = await makePki();
/** SSL_OP_NO_EXTENDED_MASTER_SECRET of OpenSSL, which node:crypto has no name for. */
const noExtendedMasterSecret = 1;

test('nothing is exported, or bound to, where another connection may have the same master secret (RFC 7627 section 5.4)', async () => {
  const { configuration, ports } = partiesOf({ pki, server: { maxVersion: 'tls12' } }).server;
  const end = endOf(configuration, ports);
  const [near, far] = duplexPair();
  const flush = () => end.outbox.splice(0).forEach((bytes) => void far.write(bytes));
  far.on('data', (chunk: Buffer) => {
    end.connection.receive(Uint8Array.from(chunk));
    flush();
  });
  end.connection.start();
  const options = { servername: 'localhost', ca: pki.root.pem, secureOptions: noExtendedMasterSecret };
  await once(connect({ socket: near, ...options }), 'secureConnect');

  const { opened, connection } = end;
  expect(connection.timeline.negotiated.extendedMasterSecret).toBe(false);
  expect(() => opened?.exportKeyingMaterial('EXPERIMENTAL', undefined, 32)).toThrow(
    expect.objectContaining({ reason: 'extended-master-secret-missing' }),
  );
  expect(opened?.channelBinding('tls-unique')).toBeUndefined();
  expect(opened?.channelBinding('tls-exporter')).toBeUndefined();
  expect(opened?.channelBinding('tls-server-end-point')).toBeDefined();
});
