import type { Issued } from '@handfast/certificates/testing';

/** What must not be found anywhere, by name. */
export type Secrets = ReadonlyMap<string, Buffer>;

/** The secrets of an NSS key log. */
export function secretsOfKeyLog(keyLog: string): Secrets {
  const lines = keyLog.split('\n').filter((line) => /^\w+ [0-9a-f]+ [0-9a-f]+$/.test(line));
  return new Map(
    lines.map((line) => {
      const [label = '', clientRandom, secret = ''] = line.split(' ');
      return [`${label} of ${clientRandom}`, Buffer.from(secret, 'hex')];
    }),
  );
}

/** The numbers of a private key that are secret. */
export function privateKeyOf({ keys, subject }: Issued): Secrets {
  const { d = '', p, q } = keys.privateKey.export({ format: 'jwk' });
  const numbers = Object.entries({ d, p, q }).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return new Map(numbers.map(([name, text]) => [`${name} of ${subject}`, Buffer.from(text, 'base64url')]));
}

/** The names of secrets that are in `text`, as they are, in hexadecimal or in base64. */
export function secretsIn(text: Buffer, secrets: Secrets): readonly string[] {
  const lower = text.toString('latin1').toLowerCase();
  const exact = text.toString('latin1');
  return [...secrets].flatMap(([name, secret]) => {
    const found =
      text.includes(secret) ||
      lower.includes(secret.toString('hex')) ||
      // Base64 of the same bytes at any offset has this in common but for the ends.
      [0, 1, 2].some((offset) => exact.includes(innerBase64(secret, offset)));
    return found ? [name] : [];
  });
}

/** The characters of base64 that do not depend on what stands before and after, where `offset` bytes stand before. */
function innerBase64(secret: Buffer, offset: number): string {
  const text = Buffer.concat([Buffer.alloc(offset), secret])
    .toString('base64url')
    .replaceAll('-', '+');
  return text.replaceAll('_', '/').slice(offset === 0 ? 0 : 4, -4);
}
