// What a test and the process with Node's own TLS say to each other.

interface CommonOptions {
  readonly minVersion?: 'TLSv1.2' | 'TLSv1.3' | undefined;
  readonly maxVersion?: 'TLSv1.2' | 'TLSv1.3' | undefined;
  /** Cipher suites as OpenSSL has it, colons between. */
  readonly ciphers?: string | undefined;
  /** Groups, colons between. */
  readonly ecdhCurve?: string | undefined;
  readonly sigalgs?: string | undefined;
  /** PEM. */
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  readonly ca?: string | undefined;
  readonly ALPNProtocols?: string[] | undefined;
}

export interface ConnectOptions extends CommonOptions {
  readonly port: number;
  readonly servername: string;
  readonly rejectUnauthorized?: boolean | undefined;
  /** Text to send, or how many random bytes; `ping` by default. */
  readonly send?: string | number | undefined;
  /**
   * `echo`: says goodbye once all has come back. `half-close`: says it with the last byte, and reads what comes still.
   * `leave`: says it as soon as the handshake is done.
   */
  readonly manner?: 'echo' | 'half-close' | 'leave' | undefined;
}

export interface ListenOptions extends CommonOptions {
  readonly requestCert?: boolean | undefined;
  readonly rejectUnauthorized?: boolean | undefined;
}

/** What a client saw. */
export interface ConnectReport {
  /** Null where the handshake did not get to its end. */
  readonly protocol: string | null;
  /** IANA name. */
  readonly cipher: string | undefined;
  /** As node:tls has it; undefined for what it has no name for. */
  readonly group: string | undefined;
  readonly authorized: boolean;
  /** SHA-256 of the server's certificate, with colons. */
  readonly fingerprint: string | undefined;
  readonly alpn: string | false;
  /** The client's port. */
  readonly localPort: number;
  /** Hexadecimal; undefined where the handshake got to no secrets. */
  readonly clientRandom: string | undefined;
  /** Bytes that came, and whether they are the ones that were sent. */
  readonly received: number;
  readonly echoed: boolean;
  /** SHA-256 of what was sent, hexadecimal. */
  readonly sentDigest: string;
  /** What came, if it is short. */
  readonly text: string | undefined;
  /** The server's close_notify came. */
  readonly ended: boolean;
  /** `code` of the error that ended the connection, or null. */
  readonly error: string | null;
}

/** What a server saw of its clients since it was asked last. */
export interface ServedReport {
  readonly protocol: string | null;
  readonly cipher: string;
  readonly authorized: boolean;
  /** `CN` of the client's certificate. */
  readonly client: string | undefined;
  readonly serverName: string | false;
  readonly alpn: string | false | null;
}

export type Job =
  | { readonly kind: 'connect'; readonly options: ConnectOptions }
  | { readonly kind: 'listen'; readonly options: ListenOptions }
  | { readonly kind: 'served'; readonly port: number };

export interface Results {
  readonly connect: ConnectReport;
  /** The port. */
  readonly listen: number;
  readonly served: readonly ServedReport[];
}

export type Request = Job & { readonly id: number };

export interface Response {
  readonly id: number;
  readonly result?: Results[keyof Results];
  readonly error?: string;
}
