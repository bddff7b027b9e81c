import type {
  AgreeAnswer,
  AgreeRequest,
  DecryptAnswer,
  DecryptRequest,
  KeyExchange,
  OfferAnswer,
  OfferRequest,
  RespondAnswer,
  RespondRequest,
  SignAnswer,
  SignRequest,
  StartServerAnswer,
  StartServerRequest,
} from '@handfast/key-exchange';
import type { Answer, AskContext } from '@handfast/wire';
import type { Bus } from './bus.ts';
import {
  agreeCodec,
  decryptCodec,
  offerCodec,
  respondCodec,
  signCodec,
  startServerCodec,
} from './codecs/key-exchange.ts';
import { RemoteService } from './remote-service.ts';

/** The KeyExchange port of whoever hosts it on the bus. */
export class RemoteKeyExchange implements KeyExchange {
  readonly #service: RemoteService;

  constructor(bus: Bus) {
    this.#service = new RemoteService(bus, 'key-exchange');
  }

  respond(request: RespondRequest, context: AskContext): Answer<RespondAnswer> {
    return this.#service.ask('respond', respondCodec, request, context);
  }

  startServer(request: StartServerRequest, context: AskContext): Answer<StartServerAnswer> {
    return this.#service.ask('startServer', startServerCodec, request, context);
  }

  offer(request: OfferRequest, context: AskContext): Answer<OfferAnswer> {
    return this.#service.ask('offer', offerCodec, request, context);
  }

  agree(request: AgreeRequest, context: AskContext): Answer<AgreeAnswer> {
    return this.#service.ask('agree', agreeCodec, request, context);
  }

  sign(request: SignRequest, context: AskContext): Answer<SignAnswer> {
    return this.#service.ask('sign', signCodec, request, context);
  }

  decrypt(request: DecryptRequest, context: AskContext): Answer<DecryptAnswer> {
    return this.#service.ask('decrypt', decryptCodec, request, context);
  }
}
