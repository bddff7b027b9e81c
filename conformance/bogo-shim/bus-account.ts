/** Holds the URL of the NATS server that `with-bus.ts` has started. */
export const busVariable = 'HANDFAST_BOGO_BUS';

/** More than there are shims at one time. */
export const accounts = 256;

/** The server's URL with the name and password of an account that no other shim uses meanwhile. */
export function accountOf(server: string, shimId: number): string {
  const name = accountName(shimId % accounts);
  return server.replace('://', `://${name}:${name}@`);
}

export function accountName(number: number): string {
  return `shim${number}`;
}
