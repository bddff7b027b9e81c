import { InvalidArgumentError } from 'commander';

/** `embedded`, or the URL of a NATS server. */
export function bus(text: string): string {
  return text === 'embedded' ? text : natsUrl(text);
}

/** Of services that are processes of their own. */
export function natsUrl(text: string): string {
  const url = URL.parse(text);
  if (url === null || !['nats:', 'tls:'].includes(url.protocol) || url.hostname === '') {
    throw new InvalidArgumentError('It needs the URL of a NATS server, such as nats://127.0.0.1:4222.');
  }
  return text;
}
