export * from './alert-codec.ts';
export * from './alerts.ts';
export { concat } from './concat.ts';
export * from './delegated-credential.ts';
export * from './errors.ts';
export * from './extensions.ts';
export * from './grease.ts';
export * from './handshake.ts';
export * from './hex.ts';
export { helloRetryRequestRandom } from './messages/hellos.ts';
export {
  encodeClientKeyExchange,
  encodeServerKeyExchange,
  encodeServerParams,
  readClientKeyExchange,
  readServerKeyExchange,
} from './messages/key-exchange.ts';
export * from './messages.ts';
export * from './ports.ts';
export { type LengthWidth, Reader } from './reader.ts';
export * from './registries.ts';
export { Writer } from './writer.ts';
