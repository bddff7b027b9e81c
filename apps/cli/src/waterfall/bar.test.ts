import { describe, expect, it } from 'vitest';
import { bar } from './bar.ts';

describe('bar', () => {
  it('puts waiting and work where they happened', () => {
    expect(bar({ waitedFrom: 2, from: 5, to: 7.5 }, 10, 10)).toEqual({ indent: '  ', waited: '───', worked: '██▌' });
  });

  it('shows something of the shortest work, and of work that takes no time', () => {
    expect(bar({ waitedFrom: 5, from: 5, to: 5 }, 10, 10)).toEqual({ indent: '     ', waited: '', worked: '▏' });
  });

  it('stays within its width at and after the end of the scale', () => {
    for (const from of [9.99, 10, 4000]) {
      const { indent, waited, worked } = bar({ waitedFrom: 9, from, to: from + 5 }, 10, 10);
      expect((indent + waited + worked).length).toBe(10);
    }
  });

  it('draws something where nothing took any time', () => {
    expect(bar({ waitedFrom: 0, from: 0, to: 0 }, 0, 10)).toEqual({ indent: '', waited: '', worked: '▏' });
  });
});
