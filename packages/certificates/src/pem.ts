import { TlsError } from '@handfast/wire';

export interface PemBlock {
  /** What stands between `-----BEGIN ` and `-----`. */
  readonly label: string;
  /** Header lines of RFC 1421, such as `Proc-Type`, which the encryption of old private keys uses; mostly empty. */
  readonly headers: string;
  readonly content: Uint8Array;
}

/** A store of all the world's CAs is a quarter of a megabyte. */
const longestText = 16 * 1024 * 1024;

/**
 * The contents of the blocks of a PEM file (RFC 7468) that have a label, in their order. Text around the blocks is
 * passed over, and so are blocks with other labels.
 *
 * @param label the whole label, or a pattern for it
 * @returns DER, nothing if there is no such block
 * @throws TlsError `configuration-invalid` for a block that does not end, or is not base64
 */
export function decodePem(text: string, label: string | RegExp): Uint8Array[] {
  return readPemBlocks(text, label).map(({ content }) => content);
}

/** As `decodePem`, with the label and headers of each block. */
export function readPemBlocks(text: string, label: string | RegExp): readonly PemBlock[] {
  if (text.length > longestText) throw invalid(`the text is longer than ${longestText} characters`);
  const wanted = (found: string): boolean => (typeof label === 'string' ? found === label : label.test(found));
  const blocks: PemBlock[] = [];
  const begin = /^[ \t]*-----BEGIN ([A-Z0-9 ]{1,64})-----[ \t]*$/gm;
  for (let match = begin.exec(text); match !== null; match = begin.exec(text)) {
    const found = match[1] ?? '';
    const end = text.indexOf(`-----END ${found}-----`, begin.lastIndex);
    if (end < 0) throw invalid(`"-----BEGIN ${found}-----" has no "-----END ${found}-----"`);
    if (wanted(found)) blocks.push(readBlock(found, text.slice(begin.lastIndex, end)));
    begin.lastIndex = end;
  }
  return blocks;
}

function readBlock(label: string, body: string): PemBlock {
  // RFC 1421 section 4.4: where there are headers, an empty line ends them.
  const endOfHeaders = /^\s*[A-Za-z-]+:/.test(body) ? body.search(/\n[ \t]*\r?\n/) : 0;
  if (endOfHeaders < 0) throw invalid(`the headers of "${label}" do not end`);
  const base64 = body.slice(endOfHeaders).replace(/\s+/g, '');
  return { label, headers: body.slice(0, endOfHeaders), content: decodeBase64(base64, label) };
}

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const sextets = Uint8Array.from({ length: 128 }, (_, code) => Math.max(0, alphabet.indexOf(String.fromCharCode(code))));

function decodeBase64(text: string, label: string): Uint8Array {
  if (text.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) throw invalid(`"${label}" is not base64`);
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0;
  const bytes = new Uint8Array((text.length / 4) * 3 - padding);
  const sextet = (index: number): number => sextets[text.charCodeAt(index)] ?? 0;
  for (let from = 0, to = 0; from < text.length; from += 4, to += 3) {
    const group = (sextet(from) << 18) | (sextet(from + 1) << 12) | (sextet(from + 2) << 6) | sextet(from + 3);
    // What is written past the end of a typed array is lost, here the padding.
    bytes[to] = group >> 16;
    bytes[to + 1] = group >> 8;
    bytes[to + 2] = group;
  }
  return bytes;
}

/** The text is never quoted: it may be a private key. */
function invalid(why: string): TlsError {
  return new TlsError('configuration-invalid', `PEM: ${why}`);
}
