import type { Handshake } from '../common/handshake.ts';
import { takeKeyUpdate } from '../common/key-update.ts';
import type { ApplicationTraffic } from '../common/traffic-13.ts';
import type { ClientConfiguration } from '../configuration.ts';
import { type Machine, receiveMessage } from '../engine/effects.ts';
import { authenticateLater } from './certificate-13.ts';
import { keepTicket, type TicketKeeping } from './tickets-13.ts';

/** What a client of TLS 1.3 keeps of its handshake. */
export interface ClientAfterHandshake13 {
  readonly reads: ApplicationTraffic;
  readonly writes: ApplicationTraffic;
  /** Undefined where no sessions are kept. */
  readonly tickets: TicketKeeping | undefined;
  /** Where we have offered post_handshake_auth. */
  readonly authentication: Handshake<ClientConfiguration> | undefined;
}

/** What a server may still send in an open connection (RFC 8446 section 4.6). Ends with the connection. */
export function* afterClientHandshake13({ reads, writes, tickets, authentication }: ClientAfterHandshake13): Machine {
  const due = ['NewSessionTicket', 'KeyUpdate', ...(authentication ? (['CertificateRequest'] as const) : [])] as const;
  for (;;) {
    const { message, bytes } = yield* receiveMessage('tls13', ...due);
    switch (message.type) {
      case 'NewSessionTicket':
        if (tickets !== undefined) yield* keepTicket(tickets, message);
        break;
      case 'KeyUpdate':
        yield* takeKeyUpdate(message, reads);
        break;
      case 'CertificateRequest':
        if (authentication === undefined) break;
        yield* authenticateLater(authentication, { message, bytes }, writes);
        break;
    }
  }
}
