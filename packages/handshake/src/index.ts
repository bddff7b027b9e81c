export {
  type ClientConfiguration,
  type Configuration,
  clientConfiguration,
  type ServerConfiguration,
  serverConfiguration,
} from './configuration.ts';
export { Connection, type ConnectionEvents, type Environment } from './connection.ts';
export type { OpenConnection, Ports } from './effects.ts';
export type { PeerCertificate } from './peer.ts';
export * from './timeline.ts';
export { traceIdOf } from './trace-id.ts';
