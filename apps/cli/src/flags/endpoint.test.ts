import { InvalidArgumentError } from 'commander';
import { describe, expect, it } from 'vitest';
import { endpoint, endpointText, target } from './endpoint.ts';

describe('endpoint', () => {
  it.each([
    ['127.0.0.1:8443', { host: '127.0.0.1', port: 8443 }],
    ['[::1]:443', { host: '::1', port: 443 }],
    ['ldap.example.org:636', { host: 'ldap.example.org', port: 636 }],
    ['localhost:0', { host: 'localhost', port: 0 }],
  ])('reads %s, and writes it back', (text, parts) => {
    expect(endpoint(text)).toEqual(parts);
    expect(endpointText(parts)).toBe(text);
  });

  it.each([
    '8443',
    '127.0.0.1',
    ':443',
    '::1:443',
    '[::1]',
    '[example.org]:443',
    'a:65536',
    'a:b',
    'https://a:443',
    '',
  ])('refuses %s', (text) => {
    expect(() => endpoint(text)).toThrow(InvalidArgumentError);
  });
});

describe('target', () => {
  it.each([
    ['example.org', { host: 'example.org', port: 443 }],
    ['example.org:8443', { host: 'example.org', port: 8443 }],
    ['::1', { host: '::1', port: 443 }],
    ['[::1]', { host: '::1', port: 443 }],
    ['[::1]:8443', { host: '::1', port: 8443 }],
  ])('reads %s', (text, parts) => {
    expect(target(text)).toEqual(parts);
  });

  it.each(['https://example.org/', 'example.org/path', 'a b', ''])('refuses %s', (text) => {
    expect(() => target(text)).toThrow(InvalidArgumentError);
  });
});
