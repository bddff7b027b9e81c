import { expect, it } from 'vitest';
import { findExtension } from './extensions.ts';
import type { ClientHello } from './messages.ts';

it('findExtension gives the content of the extension with its own type', () => {
  const extensions: ClientHello['extensions'] = [
    { name: 'unknown', type: 0x1a1a, data: new Uint8Array(1) },
    { name: 'server_name', value: 'example.org' },
    { name: 'supported_groups', value: [0x001d] },
  ];
  const serverName: string | undefined = findExtension(extensions, 'server_name');
  const groups: readonly number[] | undefined = findExtension(extensions, 'supported_groups');
  expect(serverName).toBe('example.org');
  expect(groups).toEqual([0x001d]);
  expect(findExtension(extensions, 'cookie')).toBeUndefined();
});
