import type { Endpoint } from '@handfast/record-service';
import { endpointText } from '../flags/endpoint.ts';
import type { Palette } from '../waterfall/palette.ts';
import { milliseconds, wrap } from '../waterfall/text.ts';
import { waterfall } from '../waterfall/waterfall.ts';
import { adviceFor } from './advice.ts';
import { type ChainEntry, describeChain, validityText } from './chain.ts';
import type { TracedHandshake } from './handshake.ts';
import type { Connected } from './network.ts';
import { verdictOf } from './verdict.ts';

/** What `handfast trace` prints for people, as lines. */
export function textReport(
  server: Endpoint,
  connected: Connected,
  handshake: TracedHandshake,
  now: number,
  palette: Palette,
): readonly string[] {
  const { timeline, peer } = handshake;
  const chain = describeChain(timeline.negotiated.serverChain ?? [], now);
  const advice = adviceFor(timeline);
  return [
    ...waterfall(timeline, endpointText(server), palette, verdictOf(handshake)),
    ...connectionLine(server, connected),
    ...(chain.length === 0 ? [] : ['', palette.bold('Certificates of the server')]),
    ...chain.flatMap((entry, index) => certificateLines(entry, index, now, palette)),
    ...(peer?.verdict.trusted === false
      ? paragraph(`not trusted: ${peer.verdict.detail} (${peer.verdict.rule})`).map(palette.red)
      : []),
    ...(advice === undefined ? [] : ['', ...paragraph(advice).map(palette.yellow)]),
  ];
}

function connectionLine({ host }: Endpoint, { address, lookup, connect }: Connected): readonly string[] {
  const name = address === host ? '' : `${host} is ${address}, looked up in ${milliseconds(lookup)} ms; `;
  return paragraph(`${name}connected in ${milliseconds(connect)} ms`);
}

function certificateLines(entry: ChainEntry, index: number, now: number, palette: Palette): readonly string[] {
  if ('unreadable' in entry) return [palette.red(` ${index}  cannot be read: ${entry.unreadable}`)];
  const { subject, issuer, names, key, notBefore, notAfter } = entry;
  const valid = now >= notBefore && now <= notAfter;
  const validity = validityText(entry, now);
  return [
    ` ${index}  ${palette.bold(subject === '' ? '(no subject)' : subject)}`,
    `    ${key}, ${valid ? validity : palette.red(validity)}`,
    ...(names.length === 0 ? [] : wrap(`for ${someOf(names)}`, 75).map((line) => `    ${line}`)),
    `    ${issuer === subject ? 'issued by itself' : `issued by ${issuer}`}`,
  ];
}

function someOf(names: readonly string[]): string {
  const shown = names.slice(0, 8).join(', ');
  return names.length > 8 ? `${shown} and ${names.length - 8} more` : shown;
}

function paragraph(text: string): readonly string[] {
  return wrap(text, 79).map((line) => ` ${line}`);
}
