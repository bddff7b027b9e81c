import { TlsError } from '@handfast/wire';
import { describe, expect, it } from 'vitest';
import { otlpUrl } from './otlp-url.ts';

describe('the address of a collector', () => {
  it.each([
    ['http://127.0.0.1:4318', 'http://127.0.0.1:4318/v1/traces'],
    ['http://127.0.0.1:4318/', 'http://127.0.0.1:4318/v1/traces'],
    ['https://collector.example', 'https://collector.example/v1/traces'],
    ['http://[::1]:4318', 'http://[::1]:4318/v1/traces'],
    ['http://127.0.0.1:4318/v1/traces', 'http://127.0.0.1:4318/v1/traces'],
    ['https://collector.example/tenant/otlp?key=1', 'https://collector.example/tenant/otlp?key=1'],
  ])('%s becomes %s', (address, url) => {
    expect(otlpUrl(address, 'traces').href).toBe(url);
  });

  it('has a path for each signal', () => {
    expect(otlpUrl('http://127.0.0.1:4318', 'metrics').pathname).toBe('/v1/metrics');
  });

  it.each(['', 'localhost:4318', '127.0.0.1:4318', 'grpc://127.0.0.1:4317', '/v1/traces'])(
    'refuses %j, and shows how one looks',
    (address) => {
      expect(() => otlpUrl(address, 'traces')).toThrow(TlsError);
      expect(() => otlpUrl(address, 'traces')).toThrow(/configuration-invalid.*http:\/\/127\.0\.0\.1:4318/);
    },
  );
});
