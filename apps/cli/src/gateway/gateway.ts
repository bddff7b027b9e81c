import type { Timeline } from '@handfast/handshake';
import { type Endpoint, type RecordServiceOptions, startRecordService } from '@handfast/record-service';
import type { Endpoints } from '@handfast/telemetry';
import type { TelemetryFlags } from '../flags/tls.ts';
import { listenError } from './listen-error.ts';
import { openTelemetry } from './telemetry.ts';

export interface Gateway {
  readonly address: Endpoint;
  stop(): Promise<void>;
}

export interface GatewayOptions extends Omit<RecordServiceOptions, 'onTimeline' | 'onTrouble'> {
  readonly telemetry: TelemetryFlags;
  /** Told of each handshake once, when it has ended. */
  readonly onHandshake: (timeline: Timeline, endpoints: Endpoints | undefined) => void;
  readonly onTrouble: (trouble: string) => void;
}

/** How long connections may go on when the gateway is to stop, in milliseconds. */
const grace = 2_000;

/** Starts the gateway on a bus, with traces where they are asked for. Owns the bus from then on. */
export async function startGateway({ telemetry: flags, onHandshake, ...options }: GatewayOptions): Promise<Gateway> {
  const identity = { name: 'handfast-gateway', instance: options.bus.instance };
  const telemetry = await openTelemetry(flags, identity, options.onTrouble);
  const onTimeline = (timeline: Timeline, endpoints: Endpoints | undefined): void => {
    telemetry?.record(timeline, endpoints);
    if (timeline.endedAt !== undefined) onHandshake(timeline, endpoints);
  };
  try {
    const service = await startRecordService({ ...options, onTimeline });
    return {
      address: service.address,
      stop: async () => {
        await service.stop(grace);
        await options.bus.close();
        await telemetry?.shutdown();
      },
    };
  } catch (error) {
    await options.bus.close();
    throw listenError(error, options.listen);
  }
}
