export type { Environment } from './ask-round.ts';
export {
  type CertificateCompression,
  type ClientConfiguration,
  type Configuration,
  clientConfiguration,
  type ServerConfiguration,
  serverConfiguration,
} from './configuration.ts';
export { Connection, type ConnectionEvents } from './connection.ts';
export type { ChannelBindingType, EarlyConnection, OpenConnection, Ports } from './effects.ts';
export type { PeerCertificate, Stapled } from './peer.ts';
export * from './timeline.ts';
export { traceIdOf } from './trace-id.ts';
