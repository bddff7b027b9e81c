import type { Codec } from '../codec.ts';
import { newSessionTicketExtensions } from '../extensions/by-message.ts';
import type { NewSessionTicket12, NewSessionTicket13 } from '../messages.ts';

/** RFC 5077 section 3.3. */
export const newSessionTicket12: Codec<NewSessionTicket12> = {
  read(reader) {
    const ticketLifetimeHint = reader.uint32();
    return { type: 'NewSessionTicket', version: 'tls12', ticketLifetimeHint, ticket: reader.vector16() };
  },
  write(writer, message) {
    writer.uint32(message.ticketLifetimeHint);
    writer.vector16(message.ticket);
  },
};

/** RFC 8446 section 4.6.1. */
export const newSessionTicket13: Codec<NewSessionTicket13> = {
  read(reader) {
    return {
      type: 'NewSessionTicket',
      version: 'tls13',
      ticketLifetime: reader.uint32(),
      ticketAgeAdd: reader.uint32(),
      ticketNonce: reader.vector8(),
      ticket: reader.vector16(1),
      extensions: newSessionTicketExtensions.read(reader),
    };
  },
  write(writer, message) {
    writer.uint32(message.ticketLifetime);
    writer.uint32(message.ticketAgeAdd);
    writer.vector8(message.ticketNonce);
    writer.vector16(message.ticket, 1);
    newSessionTicketExtensions.write(writer, message.extensions);
  },
};
