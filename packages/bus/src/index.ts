export type {
  Bus,
  DeliveryContext,
  NoteHandler,
  Operations,
  RequestHandler,
  RunningService,
  ServeOptions,
  ServiceLink,
  ServiceName,
  Serving,
} from './bus.ts';
export { EmbeddedBus } from './embedded-bus.ts';
export type { HostOptions } from './host.ts';
export { hostCertificates, hostKeyExchange, hostSessions } from './host.ts';
export { NatsBus, type NatsBusOptions } from './nats/nats-bus.ts';
export { RemoteCertificateValidator } from './remote-certificate-validator.ts';
export { RemoteKeyExchange } from './remote-key-exchange.ts';
export { RemoteSessionManager } from './remote-session-manager.ts';
