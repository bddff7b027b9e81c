import { type Answer, type AskContext, TlsError } from '@handfast/wire';
import {
  type Bus,
  type DeliveryContext,
  defaultCapacity,
  type Operations,
  type ServeOptions,
  type ServiceLink,
  type ServiceName,
  type Serving,
} from './bus.ts';
import { now } from './clock.ts';

/**
 * The bus within one process. A request is answered before it returns, where the service answers at once.
 * Its payloads are not sealed, as they do not leave the process.
 */
export class EmbeddedBus implements Bus {
  readonly instance = 'embedded';
  readonly #services = new Map<ServiceName, EmbeddedService>();

  service(name: ServiceName): ServiceLink {
    return {
      request: (operation, payload, context) => {
        const service = this.#services.get(name);
        if (service === undefined) throw new TlsError('service-unavailable', `no ${name} service on this bus`);
        return service.request(operation, payload, context);
      },
      publish: (operation, payload) => this.#services.get(name)?.publish(operation, payload),
    };
  }

  /** @throws TlsError `configuration-invalid` where the service is on this bus already. */
  serve(name: ServiceName, operations: Operations, options: ServeOptions = {}): Serving {
    if (this.#services.has(name)) throw new TlsError('configuration-invalid', `${name} is on this bus already`);
    const service = new EmbeddedService(name, operations, options.capacity ?? defaultCapacity);
    this.#services.set(name, service);
    return {
      service: name,
      instance: this.instance,
      stop: async () => {
        this.#services.delete(name);
        await service.idle();
      },
    };
  }

  async close(): Promise<void> {
    for (const service of this.#services.values()) service.cancel();
    this.#services.clear();
  }
}

class EmbeddedService {
  readonly #name: ServiceName;
  readonly #operations: Operations;
  readonly #capacity: number;
  /** The requests that were not answered at once, with what ends them early. */
  readonly #waiting = new Map<Promise<Uint8Array>, (error: TlsError) => void>();

  constructor(name: ServiceName, operations: Operations, capacity: number) {
    this.#name = name;
    this.#operations = operations;
    this.#capacity = capacity;
  }

  request(operation: string, payload: Uint8Array, context: AskContext): Answer<Uint8Array> {
    const handler = this.#operations.requests[operation];
    if (handler === undefined) throw new TlsError('service-unavailable', `${this.#name} has no ${operation}`);
    if (this.#waiting.size >= this.#capacity) {
      throw new TlsError('service-busy', `${this.#capacity} requests are waiting for ${this.#name}`);
    }
    const answer = handler(payload, new EmbeddedContext(context));
    return answer instanceof Promise ? this.#wait(answer, context) : answer;
  }

  publish(operation: string, payload: Uint8Array): void {
    this.#operations.notes[operation]?.(payload);
  }

  async idle(): Promise<void> {
    await Promise.allSettled(this.#waiting.keys());
  }

  cancel(): void {
    for (const end of this.#waiting.values()) end(new TlsError('cancelled', 'the bus was closed'));
  }

  #wait(answer: Promise<Uint8Array>, context: AskContext): Promise<Uint8Array> {
    let end = (_: TlsError): void => {};
    const ended = new Promise<never>((_, reject) => {
      end = reject;
    });
    const late = () => end(new TlsError('service-timeout', `no answer of ${this.#name} before the deadline`));
    const timer = setTimeout(late, context.deadline - now());
    context.onCancel(() => end(new TlsError('cancelled', 'nobody waits for the answer')));
    const waiting = Promise.race([answer, ended]).finally(() => {
      clearTimeout(timer);
      this.#waiting.delete(waiting);
    });
    this.#waiting.set(waiting, end);
    return waiting;
  }
}

/** Every caller in this process is the same one. */
const caller = new Uint8Array(32);

class EmbeddedContext implements DeliveryContext {
  readonly caller = caller;
  readonly #context: AskContext;

  constructor(context: AskContext) {
    this.#context = context;
  }

  get id(): string {
    return this.#context.id;
  }

  get deadline(): number {
    return this.#context.deadline;
  }

  get traceId(): Uint8Array {
    return this.#context.traceId;
  }

  get spanId(): Uint8Array {
    return this.#context.spanId;
  }

  /** The service's work is reported by its reply. */
  report(): void {}

  onCancel(listener: () => void): void {
    this.#context.onCancel(listener);
  }
}
