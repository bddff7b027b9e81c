export { certificateCompression } from './certificate-compression.ts';
export { type ConnectOptions, connect } from './connect.ts';
export { type LoadedCredential, loadCredential, type PemCredential } from './credentials.ts';
export type { CommonOptions } from './options.ts';
export { createServer, type EarlyDataOptions, Server, type ServerOptions } from './server.ts';
export { TLSSocket } from './tls-socket.ts';
export { defaultTimeouts, now, TlsTransport, type TransportHandlers, type TransportOptions } from './transport.ts';
