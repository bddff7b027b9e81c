import { type Answer, type AskContext, TlsError } from '@handfast/wire';
import type { Bus, ServiceLink, ServiceName } from './bus.ts';
import { type OperationCodec, plainBytes } from './codecs/codec.ts';
import { decodeReply, type Reply } from './reply.ts';

/** The asking side of a service: encodes questions, checks answers, reports the service's own account of its work. */
export class RemoteService {
  readonly #name: ServiceName;
  readonly #link: ServiceLink;

  constructor(bus: Bus, name: ServiceName) {
    this.#name = name;
    this.#link = bus.service(name);
  }

  /** @throws TlsError with the reason of the service or, where it cannot be asked or understood, of the bus. */
  ask<Request, Result>(
    operation: string,
    codec: OperationCodec<Request, Result>,
    request: Request,
    context: AskContext,
  ): Answer<Result> {
    const reply = this.#link.request(operation, codec.request.encode(request), context);
    return reply instanceof Promise
      ? reply.then((bytes) => this.#read(operation, codec, bytes, context))
      : this.#read(operation, codec, reply, context);
  }

  publish(operation: string, payload: Uint8Array): void {
    this.#link.publish(operation, payload);
  }

  #read<Request, Result>(
    operation: string,
    codec: OperationCodec<Request, Result>,
    bytes: Uint8Array,
    context: AskContext,
  ): Result {
    const reply = this.#decode(operation, plainBytes(bytes), decodeReply);
    context.report({ service: this.#name, operation, ...reply.work });
    return this.#decode(operation, answerOf(reply), codec.answer.decode);
  }

  #decode<T>(operation: string, bytes: Uint8Array, decode: (bytes: Uint8Array) => T): T {
    try {
      return decode(bytes);
    } catch (error) {
      const detail = error instanceof Error ? error.message : String(error);
      throw new TlsError('service-reply-invalid', `reply of ${this.#name} to ${operation}: ${detail}`);
    }
  }
}

function answerOf(reply: Reply): Uint8Array {
  if (reply.kind === 'failure') throw reply.failure;
  return reply.answer;
}
