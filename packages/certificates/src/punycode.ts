/** Parameters of RFC 3492 section 5. */
const [base, tMin, tMax, skew, damp, initialBias, initialCode] = [36, 1, 26, 38, 700, 72, 128];

const delimiter = '-';
const digits = 'abcdefghijklmnopqrstuvwxyz0123456789';

/**
 * A DNS name with its internationalised labels as A-labels (RFC 5890): in lower case, normalized to NFC, then encoded.
 * What IDNA forbids is not looked for; such a name is in no certificate.
 */
export function toAsciiName(name: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: ASCII is what needs no encoding
  if (/^[\x00-\x7f]*$/.test(name)) return name;
  const labels = name
    .normalize('NFC')
    .toLowerCase()
    .split(/[.\u3002\uff0e\uff61]/);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: as above
  return labels.map((label) => (/^[\x00-\x7f]*$/.test(label) ? label : `xn--${encode(label)}`)).join('.');
}

/** RFC 3492 section 6.3. */
function encode(label: string): string {
  const codes = Array.from(label, (character) => character.codePointAt(0) ?? 0);
  const basic = codes.filter((code) => code < initialCode);
  let output = basic.length === 0 ? '' : String.fromCharCode(...basic.slice(0, 64)) + delimiter;
  let [handled, delta, bias, next] = [basic.length, 0, initialBias, initialCode];
  // No label is longer than 63 octets, so longer ones need not be encoded to be no names.
  while (handled < codes.length && output.length < 64) {
    const code = Math.min(...codes.filter((candidate) => candidate >= next));
    delta += (code - next) * (handled + 1);
    next = code;
    for (const candidate of codes) {
      if (candidate < next) delta++;
      if (candidate !== next) continue;
      output += variableLength(delta, bias);
      bias = adapted(delta, handled + 1, handled === basic.length);
      delta = 0;
      handled++;
    }
    delta++;
    next++;
  }
  return output;
}

/** RFC 3492 section 3.3. */
function variableLength(value: number, bias: number): string {
  let [text, rest] = ['', value];
  for (let k = base; ; k += base) {
    const threshold = Math.min(tMax, Math.max(tMin, k - bias));
    if (rest < threshold) return text + (digits[rest] ?? '');
    text += digits[threshold + ((rest - threshold) % (base - threshold))] ?? '';
    rest = Math.floor((rest - threshold) / (base - threshold));
  }
}

/** RFC 3492 section 6.1. */
function adapted(delta: number, count: number, isFirst: boolean): number {
  let rest = Math.floor(delta / (isFirst ? damp : 2));
  rest += Math.floor(rest / count);
  let k = 0;
  for (; rest > ((base - tMin) * tMax) / 2; k += base) rest = Math.floor(rest / (base - tMin));
  return k + Math.floor(((base - tMin + 1) * rest) / (rest + skew));
}
