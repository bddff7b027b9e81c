import { certificateMessages } from '../common/certificate-compression.ts';
import { takeKeyUpdate } from '../common/key-update.ts';
import type { ApplicationTraffic } from '../common/traffic-13.ts';
import type { ServerConfiguration } from '../configuration.ts';
import { type Machine, receiveMessage } from '../engine/effects.ts';
import type { CertificateRequests } from './certificate-requests-13.ts';

/**
 * What a client may still send in an open connection (RFC 8446 section 4.6). Ends with the connection.
 * @param requests of a client that may be asked for its certificate.
 */
export function* afterServerHandshake13(
  configuration: ServerConfiguration,
  reads: ApplicationTraffic,
  requests: CertificateRequests | undefined,
): Machine {
  const certificates = requests === undefined ? [] : certificateMessages(configuration);
  for (;;) {
    const { message, bytes } = yield* receiveMessage('tls13', 'KeyUpdate', ...certificates);
    if (message.type === 'KeyUpdate') yield* takeKeyUpdate(message, reads);
    else if (requests !== undefined) yield* requests.answered(message, bytes, reads);
  }
}
