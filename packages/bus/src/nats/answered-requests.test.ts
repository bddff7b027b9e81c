import { describe, expect, it } from 'vitest';
import { AnsweredRequests } from './answered-requests.ts';

describe('AnsweredRequests', () => {
  it('begins each request once, and keeps its answer', () => {
    const requests = new AnsweredRequests();
    expect(requests.begin('a')).toBe(true);
    expect(requests.begin('a')).toBe(false);
    expect(requests.answerTo('a')).toBeUndefined();
    requests.answered('a', Uint8Array.of(1));
    expect(requests.begin('a')).toBe(false);
    expect(requests.answerTo('a')).toEqual(Uint8Array.of(1));
  });

  it('forgets the oldest over 4096', () => {
    const requests = new AnsweredRequests();
    for (let index = 0; index <= 4096; index++) requests.begin(String(index));
    expect(requests.begin('1')).toBe(false);
    expect(requests.begin('0')).toBe(true);
  });

  it('forgets the oldest over 8 MiB, so that long answers take no more memory', () => {
    const requests = new AnsweredRequests();
    const answer = new Uint8Array(2 ** 20);
    for (let index = 0; index < 9; index++) {
      requests.begin(String(index));
      requests.answered(String(index), answer);
    }
    expect(requests.answerTo('0')).toBeUndefined();
    for (let index = 1; index < 9; index++) expect(requests.answerTo(String(index))).toBe(answer);
  });

  it('counts the bytes of a request once that was forgotten and came again while it was worked on', () => {
    const requests = new AnsweredRequests();
    const answer = new Uint8Array(3 * 2 ** 20);
    requests.begin('a');
    for (let index = 0; index < 5; index++) requests.answered('a', answer);
    expect(requests.answerTo('a')).toBe(answer);
  });
});
