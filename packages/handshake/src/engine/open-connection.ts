import type { CryptoProvider, HashName } from '@handfast/crypto';
import { type CipherSuiteParameters, exportKeyingMaterial12, exportKeyingMaterial13 } from '@handfast/key-exchange';
import { TlsError } from '@handfast/wire';
import { certificateOf, type PeerAuthentication } from '../common/peer.ts';
import type { SessionState } from '../common/session-state.ts';
import type { ApplicationTraffic } from '../common/traffic-13.ts';
import { serverEndPointBinding } from './channel-bindings.ts';
import type { EarlyConnection, EncodedMessage, OpenConnection } from './effects.ts';

/**
 * What lives as long as the connection. Made in functions of their own, because a closure keeps all that its siblings
 * use: in a machine, that is the whole handshake.
 */

interface Established {
  readonly crypto: CryptoProvider;
  readonly suite: CipherSuiteParameters;
  readonly peer: PeerAuthentication;
  /** The server's end entity, DER; undefined where no certificate took part. */
  readonly serverCertificate: Uint8Array | undefined;
}

interface Established13 extends Established {
  /** exporter_master_secret (RFC 8446 section 7.1). */
  readonly exporterSecret: Uint8Array;
  readonly writes: ApplicationTraffic;
  readonly requestClientCertificate?: (() => EncodedMessage) | undefined;
}

interface Early {
  readonly crypto: CryptoProvider;
  readonly hash: HashName;
  /** early_exporter_master_secret (RFC 8446 section 7.1). */
  readonly exporterSecret: Uint8Array;
  /** The session that is being resumed. */
  readonly session: SessionState;
}

export function earlyConnection({ crypto, hash, exporterSecret, session }: Early): EarlyConnection {
  const { applicationProtocol, peer } = session;
  return {
    applicationProtocol,
    peer,
    exportKeyingMaterial: (label, context, length) =>
      exportKeyingMaterial13(crypto, hash, exporterSecret, label, context, length),
  };
}

export function openConnection13(established: Established13): OpenConnection {
  const { crypto, suite, exporterSecret, peer, serverCertificate, writes, requestClientCertificate } = established;
  const exportKeyingMaterial = (label: string, context: Uint8Array | undefined, length: number) =>
    exportKeyingMaterial13(crypto, suite.hash, exporterSecret, label, context ?? nothing, length);
  return {
    version: 'tls13',
    peer: certificateOf(peer),
    resumed: isResumed(peer),
    exportKeyingMaterial,
    nextWriteKeys: () => writes.next(),
    channelBinding(type) {
      switch (type) {
        case 'tls-unique':
          return undefined;
        case 'tls-server-end-point':
          return serverEndPointBinding(crypto, serverCertificate);
        case 'tls-exporter':
          return exportKeyingMaterial(exporterBindingLabel, nothing, exporterBindingLength);
      }
    },
    requestClientCertificate,
  };
}

interface Established12 extends Established {
  readonly masterSecret: Uint8Array;
  readonly extendedMasterSecret: boolean;
  readonly clientRandom: Uint8Array;
  readonly serverRandom: Uint8Array;
  /** verify_data of the first Finished of this handshake: the client's, or where a session is resumed the server's. */
  readonly firstFinished: Uint8Array;
}

export function openConnection12(established: Established12): OpenConnection {
  const { crypto, suite, masterSecret, extendedMasterSecret, peer, serverCertificate, firstFinished } = established;
  // Copies, for they are views of whole hellos.
  const randoms = [established.clientRandom.slice(), established.serverRandom.slice()] as const;
  const exportKeyingMaterial = (label: string, context: Uint8Array | undefined, length: number) => {
    // RFC 7627 section 5.4: another connection, with somebody else, may have the same master secret and randoms.
    if (!extendedMasterSecret) {
      throw new TlsError('extended-master-secret-missing', 'without it no keying material is exported');
    }
    return exportKeyingMaterial12(crypto, suite.hash, masterSecret, ...randoms, label, context, length);
  };
  return {
    version: 'tls12',
    peer: certificateOf(peer),
    resumed: isResumed(peer),
    exportKeyingMaterial,
    nextWriteKeys: undefined,
    channelBinding(type) {
      switch (type) {
        // RFC 7627 section 1: without extended_master_secret another connection may have the same value.
        case 'tls-unique':
          return extendedMasterSecret ? firstFinished : undefined;
        case 'tls-server-end-point':
          return serverEndPointBinding(crypto, serverCertificate);
        // RFC 9266 section 4.2.
        case 'tls-exporter':
          return extendedMasterSecret
            ? exportKeyingMaterial(exporterBindingLabel, nothing, exporterBindingLength)
            : undefined;
      }
    },
    requestClientCertificate: undefined,
  };
}

/** RFC 9266 section 2. */
const exporterBindingLabel = 'EXPORTER-Channel-Binding';
const exporterBindingLength = 32;
const nothing = new Uint8Array(0);

function isResumed(peer: PeerAuthentication): boolean {
  return peer !== 'without-certificate' && 'kind' in peer;
}
