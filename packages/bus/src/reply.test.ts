import { type Reason, TlsError } from '@handfast/wire';
import { describe, expect, it } from 'vitest';
import { handfast } from './generated/handfast.js';
import { decodeReply, encodeReply } from './reply.ts';

const work = { instance: '0123456789abcdef', startedAt: 1, duration: 2 };

describe('a failure', () => {
  const told: readonly Reason[] = ['invalid-key-share', 'service-busy', 'certificate-malformed', 'internal-error'];
  it.for(told)('keeps the reason %s', (reason) => {
    const failure = new TlsError(reason, 'why');
    expect(decodeReply(encodeReply({ kind: 'failure', failure, work }))).toMatchObject({ failure });
  });

  const others: readonly Reason[] = ['peer-alert', 'finished-mismatch', 'handshake-timeout', 'cancelled'];
  it.for(others)('is the own of the service where its port says %s', (reason) => {
    const failure = new TlsError(reason, 'why');
    const reply = decodeReply(encodeReply({ kind: 'failure', failure, work }));
    expect(reply).toMatchObject({ failure: new TlsError('service-failed', 'why') });
  });

  it.for([...others, 'my-own', 'constructor', 'service-my-own', ''])('with the reason %s is no reply', (reason) => {
    const reply = handfast.v1.Reply.encode({ failure: { reason, detail: 'why' }, work }).finish();
    expect(() => decodeReply(reply)).toThrow(RangeError);
  });
});

describe('an account of the work', () => {
  const accounts = [
    ['a name that could steer a terminal', { instance: '\u001b[2J' }],
    ['no name', { instance: '' }],
    ['a long name', { instance: 'x'.repeat(65) }],
    ['a duration below zero', { duration: -1 }],
    ['an endless duration', { duration: Number.POSITIVE_INFINITY }],
    ['a duration that is no number', { duration: Number.NaN }],
    ['a time that is no number', { startedAt: Number.NaN }],
  ] as const;
  it.for(accounts)('with %s is none', ([, change]) => {
    const reply = handfast.v1.Reply.encode({ answer: new Uint8Array(1), work: { ...work, ...change } }).finish();
    expect(() => decodeReply(reply)).toThrow(RangeError);
  });
});
