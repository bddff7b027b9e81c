export * from './bounds.ts';
export * from './early-data-claims.ts';
export type { ConfiguredPsk } from './external-psks.ts';
export * from './local-session-manager.ts';
export * from './port.ts';
export { fillTicket, maximumTicketLength } from './ticket.ts';
export { maximumTicketLifetime } from './ticket-keys.ts';
