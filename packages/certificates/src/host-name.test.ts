import { describe, expect, it } from 'vitest';
import { issue, SubjectAlternativeNameExtension } from '../testing/pki.ts';
import { parseCertificate } from './certificate.ts';
import { isForHost } from './host-name.ts';

async function isFor(names: readonly string[], host: string): Promise<boolean> {
  const { der } = await issue({ names, subject: 'CN=common.example' });
  return isForHost(parseCertificate(der), host);
}

describe('a certificate is for a host (RFC 9525)', () => {
  it.for([
    ['example.org', 'example.org'],
    ['EXAMPLE.org', 'example.ORG'],
    ['example.org', 'example.org.'],
    ['localhost', 'localhost'],
    ['my_service.internal', 'my_service.internal'],
    ['xn--lnkas-gra.example', 'XN--lnkas-gra.example'],
    ['xn--bcher-kva.example', 'Bücher.example'],
    ['*.example.org', 'www.example.org'],
    ['*.example.org', 'xn--lnkas-gra.example.org'],
    ['192.0.2.1', '192.0.2.1'],
    ['2001:db8::1', '2001:DB8:0:0::1'],
    ['2001:db8::1', '[2001:db8::1]'],
  ] as const)('%s covers %s', async ([name, host]) => {
    expect(await isFor([name], host)).toBe(true);
  });

  it.for([
    ['example.org', 'www.example.org'],
    ['www.example.org', 'example.org'],
    ['*.example.org', 'example.org'],
    ['*.example.org', 'a.b.example.org'],
    ['*.example.org', '*.example.org'],
    ['*.example.org', '.example.org'],
    ['w*.example.org', 'www.example.org'],
    ['*w.example.org', 'www.example.org'],
    ['xn--*-1b3c148a.example.org', 'xn--bliss-1b3c148a.example.org'],
    ['www.*.org', 'www.example.org'],
    ['*.*.org', 'www.example.org'],
    ['*.org', 'example.org'],
    ['*', 'localhost'],
    ['*', 'org'],
    ['example.org.', 'example.org'],
    ['lånkas.example', 'lånkas.example'],
    ['192.0.2.1', '192.0.2.2'],
    ['192.0.2.1', '::ffff:192.0.2.1'],
    ['example.org', ''],
    ['example.org', 'example.org..'],
    ['example.org', 'example.org\0'],
  ] as const)('%s does not cover %j', async ([name, host]) => {
    const ascii = [...name].every((character) => character < '\x80') ? name : 'xn--lnkas-gra.example';
    expect(await isFor([ascii], host)).toBe(false);
  });

  it('by any of its names', async () => {
    expect(await isFor(['a.example', 'b.example', '192.0.2.1'], 'b.example')).toBe(true);
  });

  it('never by its common name', async () => {
    expect(await isFor([], 'common.example')).toBe(false);
    expect(await isFor(['other.example'], 'common.example')).toBe(false);
  });

  it('at an IP address by an iPAddress only, though a dNSName looks the same', async () => {
    const asDns = new SubjectAlternativeNameExtension([{ type: 'dns', value: '192.0.2.1' }]);
    const { der } = await issue({ extensions: [asDns] });
    expect(isForHost(parseCertificate(der), '192.0.2.1')).toBe(false);
  });
});
