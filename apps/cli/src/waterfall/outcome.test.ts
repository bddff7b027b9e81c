import type { Failure, Timeline } from '@handfast/handshake';
import { describe, expect, it } from 'vitest';
import { confirmed13, start, timeline } from '../../testing/timelines.ts';
import { outcomeOf } from './outcome.ts';

describe('outcomeOf', () => {
  it('tells a confirmation by close_notify from one by data', () => {
    const alerts = [{ from: 'peer', alert: 'close_notify', level: 'warning', at: start + 6 }] as const;
    expect(outcomeOf(confirmed13()).text).toBe("confirmed by the client's data, 3.00 ms after it was completed");
    expect(outcomeOf({ ...confirmed13(), alerts }).text).toMatch(/^confirmed by the client's close_notify/);
  });

  it('never calls a handshake successful that nobody has confirmed', () => {
    const completed = timeline({ state: 'completed', completedAt: start + 1, endedAt: start + 9 });
    expect(outcomeOf(completed)).toEqual({
      kind: 'unconfirmed',
      text: 'completed, not confirmed: the client left without a word',
    });
    expect(outcomeOf({ ...completed, endedAt: undefined }).kind).toBe('open');
  });

  it.each<[string, Partial<Failure>, string]>([
    [
      'we refuse the peer',
      {
        by: 'us',
        reason: 'certificate-expired',
        alert: 'certificate_expired',
        step: 'Certificate',
        detail: 'it ended',
      },
      'failed at Certificate: certificate-expired, it ended; we sent the alert certificate_expired',
    ],
    [
      'the peer refuses us',
      { by: 'peer', reason: 'peer-alert', alert: 'bad_certificate', step: 'ClientKeyExchange' },
      'failed by the client while we waited for ClientKeyExchange: alert bad_certificate',
    ],
    [
      'the peer resets the connection',
      { by: 'peer', reason: 'connection-lost', alert: undefined, step: 'Finished', detail: 'ECONNRESET' },
      'failed while we waited for Finished: the connection broke (ECONNRESET)',
    ],
    [
      'the peer refuses us late',
      { by: 'peer', reason: 'peer-alert', alert: 'unknown_ca', step: 'Finished', late: 2.5 },
      'failed by the client: alert unknown_ca, 2.50 ms after our side had completed the handshake',
    ],
  ])('says who gave up, where and why, when %s', (_, failure, text) => {
    expect(outcomeOf(failed(failure))).toEqual({ kind: 'failed', text });
  });
});

function failed(failure: Partial<Failure>): Timeline {
  const blank = { reason: 'internal-error', by: 'us', alert: undefined, step: undefined, detail: '' } as const;
  return timeline({ state: 'failed', failure: { ...blank, at: start + 1, late: undefined, ...failure } });
}
