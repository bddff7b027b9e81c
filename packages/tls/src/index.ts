export { certificateCompression } from './certificate-compression.ts';
export { type ConnectOptions, connect } from './connect.ts';
export { keysOf, type LoadedCredential, loadCredential, type PemCredential } from './credentials.ts';
export { delegate, type PemDelegatedKey } from './delegated-credential.ts';
export type { CommonOptions } from './options.ts';
export { createServer, type EarlyDataOptions, Server, type ServerOptions } from './server.ts';
export { TLSSocket } from './tls-socket.ts';
export { defaultTimeouts, now, TlsTransport, type TransportHandlers, type TransportOptions } from './transport.ts';
