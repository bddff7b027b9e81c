import { beforeEach, describe, expect, it } from 'vitest';
import { LossLog } from './loss-log.ts';

describe('the log of losses', () => {
  let lines: string[];
  let now: number;
  let losses: LossLog;

  beforeEach(() => {
    lines = [];
    now = 0;
    losses = new LossLog(
      'http://127.0.0.1:4318/v1/traces',
      (line) => void lines.push(line),
      () => now,
    );
  });

  it('says the first loss at once, with its reason', () => {
    losses.lost(2, new Error('connect ECONNREFUSED'));
    expect(lines).toEqual(['telemetry: 2 lost on the way to http://127.0.0.1:4318/v1/traces: connect ECONNREFUSED']);
  });

  it('says the sum of further ones once a minute', () => {
    for (now = 0; now < 120_000; now += 1000) losses.lost(1, new Error('down'));
    expect(lines).toEqual([
      expect.stringContaining('telemetry: 1 lost'),
      expect.stringContaining('telemetry: 60 lost'),
    ]);
  });

  it('finds a word for errors without a message', () => {
    losses.lost(1, Object.assign(new AggregateError([]), { code: 'ECONNREFUSED' }));
    expect(lines[0]).toMatch(/: ECONNREFUSED$/);
  });
});
