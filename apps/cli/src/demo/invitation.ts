import { isIP } from 'node:net';
import type { Endpoint } from '@handfast/record-service';
import { endpointText } from '../flags/endpoint.ts';
import type { Palette } from '../waterfall/palette.ts';

/** What to try on a gateway that has a certificate made on the spot. */
export function invitation(listening: Endpoint, palette: Palette): readonly string[] {
  const address = endpointText({ ...listening, host: reachable(listening.host) });
  const commands = [
    `curl -k https://${address}/`,
    `openssl s_client -connect ${address} </dev/null`,
    `npx handfast trace ${address} --insecure`,
  ];
  return [
    `Handfast listens on ${palette.bold(endpointText(listening))}. Try, in another terminal:`,
    '',
    ...commands.map((command) => `    ${palette.cyan(command)}`),
    '',
    'Every handshake is shown here when it has ended. Ctrl-C stops.',
  ];
}

/** A wildcard address is for listening; to connect, the loopback address of its kind is. */
function reachable(host: string): string {
  return host === '0.0.0.0' ? '127.0.0.1' : host === '::' && isIP(host) === 6 ? '::1' : host;
}
