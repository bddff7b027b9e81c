import type { CertificateValidator, Credential, ValidationRequest, Verdict } from '@handfast/certificates';
import type { Answer, AskContext } from '@handfast/wire';
import type { Bus } from './bus.ts';
import { authoritiesCodec, credentialsCodec, validateCodec } from './codecs/certificates.ts';
import { RemoteService } from './remote-service.ts';

/** The CertificateValidator port of whoever hosts it on the bus. */
export class RemoteCertificateValidator implements CertificateValidator {
  readonly #service: RemoteService;

  constructor(bus: Bus) {
    this.#service = new RemoteService(bus, 'certificate');
  }

  validate(request: ValidationRequest, context: AskContext): Answer<Verdict> {
    return this.#service.ask('validate', validateCodec, request, context);
  }

  credentials(context: AskContext): Answer<readonly Credential[]> {
    return this.#service.ask('credentials', credentialsCodec, undefined, context);
  }

  authorities(context: AskContext): Answer<readonly Uint8Array[]> {
    return this.#service.ask('authorities', authoritiesCodec, undefined, context);
  }
}
