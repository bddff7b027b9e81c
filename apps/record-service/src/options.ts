import type { Bus } from '@handfast/bus';
import type { Credential } from '@handfast/certificates';
import type { Timeline } from '@handfast/handshake';
import type { Endpoints } from '@handfast/telemetry';
import type { MessageVersion } from '@handfast/wire';

export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

/** What the gateway is told. Lists are in order of preference. */
export interface RecordServiceOptions {
  /** The way to the three services: embedded, or over NATS. */
  readonly bus: Bus;
  readonly listen: Endpoint;
  /** Where the plaintext goes. */
  readonly upstream: Endpoint;
  readonly clientAuthentication: 'none' | 'optional' | 'required';
  readonly applicationProtocols: readonly string[];
  readonly minVersion: MessageVersion;
  readonly maxVersion: MessageVersion;
  /** CipherSuite code points; all that are implemented by default. */
  readonly cipherSuites?: readonly number[] | undefined;
  /** NamedGroup code points; all that are implemented by default. */
  readonly groups?: readonly number[] | undefined;
  /**
   * The most bytes of early data that are passed to the upstream before the client has proved itself; 0, the default, is
   * none. The upstream may see the same bytes again in another connection (RFC 8446 section 8).
   */
  readonly maxEarlyData?: number | undefined;
  /** The chains to present; by default those of the certificate service's directory. Asked for again as these are. */
  readonly credentials?: (() => readonly Credential[]) | undefined;
  /** Milliseconds between two looks at what there is to present; by default 10 seconds. */
  readonly directoryInterval?: number | undefined;
  /** Milliseconds; see `defaultTimeouts` of @handfast/tls. */
  readonly handshakeTimeout?: number | undefined;
  readonly askTimeout?: number | undefined;
  /** Every handshake whenever it has moved on; `timeline.endedAt` tells when it was for the last time. */
  onTimeline(timeline: Timeline, endpoints: Endpoints | undefined): void;
  /** What an operator should know of, in words: an upstream that cannot be reached, a service that is away. */
  onTrouble(trouble: string): void;
}

export interface RecordService {
  /** Where it listens: with port 0 asked for, the port that was free. */
  readonly address: Endpoint;
  /** Takes no more connections, and resolves when those that are open have ended, or were cut off after `graceMilliseconds`. */
  stop(graceMilliseconds: number): Promise<void>;
}
