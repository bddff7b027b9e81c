import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FetchError, fetchBytes } from './fetch.ts';
import { isPublicAddress } from './public-address.ts';

let server: Server;
let base: string;
let asked: string[] = [];
beforeAll(async () => {
  server = createServer((request, response) => {
    const path = request.url ?? '';
    asked.push(`${request.method} ${path}`);
    if (path === '/slow') return;
    if (path === '/body') request.pipe(response.writeHead(200));
    else if (path === '/big') response.writeHead(200).end(Buffer.alloc(1000));
    else if (path.startsWith('/to/')) response.writeHead(302, { location: decodeURIComponent(path.slice(4)) }).end();
    else response.writeHead(path === '/good' ? 200 : 404).end('good');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

const near = { timeout: 5_000, maximumLength: 100, privateAddresses: true };
const get = async (path: string, options = near) => Buffer.from(await fetchBytes(`${base}${path}`, options)).toString();

describe('fetching', () => {
  it('gives the body, also of where a redirect leads', async () => {
    expect(await get('/good')).toBe('good');
    expect(await get('/to/%2Fgood')).toBe('good');
  });

  it('posts a body', async () => {
    const body = { type: 'text/plain', content: Buffer.from('question') };
    expect(await get('/body', { ...near, body } as typeof near)).toBe('question');
  });

  it.for([
    ['what is too long', '/big'],
    ['what is not there', '/nowhere'],
    ['a redirect to another protocol', '/to/file%3A%2F%2F%2Fetc%2Fpasswd'],
    ['redirects without end', '/to/%2Fto%2F%252Fto%252F%25252Fto%25252F%2525252Fgood'],
    ['a redirect with a password', '/to/http%3A%2F%2Fu%3Ap%40127.0.0.1%2F'],
  ])('refuses %s', async ([, path = '']) => {
    await expect(get(path)).rejects.toThrow(FetchError);
  });

  it('gives up after its time', async () => {
    await expect(get('/slow', { ...near, timeout: 100 })).rejects.toThrow();
  });

  it.for([
    'http://127.0.0.1',
    'http://localhost',
    'http://[::1]',
    'http://[::ffff:127.0.0.1]',
    'http://2130706433',
    'http://0x7f.1',
  ])('does not ask %s, which is not public', async (origin) => {
    asked = [];
    const url = `${origin}:${new URL(base).port}/good`;
    await expect(fetchBytes(url, { ...near, privateAddresses: false })).rejects.toThrow(/not in the public Internet/);
    expect(asked).toEqual([]);
  });
});

describe('a public address', () => {
  it.for(['8.8.8.8', '1.1.1.1', '172.32.0.1', '2606:4700::1111', '2a00:1450::1'])('%s is one', (address) => {
    expect(isPublicAddress(address)).toBe(true);
  });

  it.for([
    '0.0.0.0',
    '10.1.2.3',
    '100.64.0.1',
    '127.0.0.53',
    '169.254.169.254',
    '172.16.0.1',
    '192.168.1.1',
    '224.0.0.1',
    '255.255.255.255',
    '::',
    '::1',
    '::ffff:8.8.8.8',
    '64:ff9b::808:808',
    'fc00::1',
    'fe80::1%eth0',
    'ff02::1',
    '2001::1',
    '2001:db8::1',
    '2002:7f00:1::',
    'localhost',
  ])('%s is none', (address) => {
    expect(isPublicAddress(address)).toBe(false);
  });
});
