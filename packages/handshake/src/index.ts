export type { PeerCertificate, Stapled } from './common/peer.ts';
export {
  type CertificateCompression,
  type ClientConfiguration,
  type Configuration,
  clientConfiguration,
  type ServerConfiguration,
  serverConfiguration,
} from './configuration.ts';
export type { Environment } from './engine/ask-round.ts';
export { Connection } from './engine/connection.ts';
export type { ConnectionEvents } from './engine/connection-events.ts';
export type { ChannelBindingType, EarlyConnection, OpenConnection, Ports } from './engine/effects.ts';
export { traceIdOf } from './engine/trace-id.ts';
export * from './timeline.ts';
