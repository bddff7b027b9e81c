/** Of the identities that a client offers, so many are looked at; and so many external PSKs are offered to a server. */
export const maximumIdentities = 8;
/** Of blank tickets in one answer. */
export const maximumTickets = 16;
