export type ServerKind = 'handfast' | 'node' | 'handfast-gateway' | 'handfast-gateway-nats' | 'node-proxy';

/** From a server under measurement to the bench. */
export type ServerMessage =
  | { readonly port: number }
  /** Microseconds, as `process.cpuUsage` counts them. */
  | { readonly cpu: { readonly user: number; readonly system: number } };
