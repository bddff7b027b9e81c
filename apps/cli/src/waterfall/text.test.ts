import { describe, expect, it } from 'vitest';
import { fit, joined, milliseconds, wrap } from './text.ts';

describe('milliseconds', () => {
  it.each([
    [0.004, '0.00'],
    [1.234, '1.23'],
    [9.996, '10.0'],
    [12.34, '12.3'],
    [99.96, '100'],
    [10_000, '10000'],
  ])('%d is %s', (value, text) => {
    expect(milliseconds(value)).toBe(text);
  });
});

describe('wrap', () => {
  it('breaks between words, and never within one', () => {
    expect(wrap('one two three', 7)).toEqual(['one two', 'three']);
    expect(wrap('a verylongword b', 5)).toEqual(['a', 'verylongword', 'b']);
  });
});

describe('fit', () => {
  it('cuts what is too long, and shows it', () => {
    expect(fit('12345', 5)).toBe('12345');
    expect(fit('123456', 5)).toBe('1234…');
  });
});

describe('joined', () => {
  it('leaves out what is not there', () => {
    expect(joined('a', undefined, 'b')).toBe('a · b');
    expect(joined(undefined)).toBe('');
  });
});
