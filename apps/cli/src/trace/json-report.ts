import type { Step, Timeline } from '@handfast/handshake';
import type { Endpoint } from '@handfast/record-service';
import { toHex } from '@handfast/wire';
import { adviceFor } from './advice.ts';
import { type ChainEntry, describeChain } from './chain.ts';
import type { TracedHandshake } from './handshake.ts';
import type { Connected, Unreachable } from './network.ts';
import { verdictOf } from './verdict.ts';

/**
 * What `handfast trace --json` prints, documented in the README. Durations and times are milliseconds, times counted from
 * the start of the handshake.
 */
export function jsonReport(server: Endpoint, connected: Connected, handshake: TracedHandshake, now: number): object {
  const { timeline, peer } = handshake;
  const { traceId, clientRandom, state, completedAt, confirmedAt, steps, alerts, failure } = timeline;
  const since = (time: number | undefined) => (time === undefined ? null : rounded(time - timeline.startedAt));
  return {
    target: server,
    address: connected.address,
    lookup_ms: rounded(connected.lookup),
    connect_ms: rounded(connected.connect),
    trace_id: toHex(traceId),
    client_random: clientRandom === undefined ? null : toHex(clientRandom),
    state,
    verdict: verdictOf(handshake).text,
    started_at: new Date(timeline.startedAt).toISOString(),
    completed_ms: since(completedAt),
    confirmed_ms: since(confirmedAt),
    negotiated: negotiatedOf(timeline),
    steps: steps.map((step) => stepOf(step, timeline.startedAt)),
    alerts: alerts.map(({ from, alert, level, at }) => ({
      from: from === 'us' ? 'client' : 'server',
      alert,
      level,
      at_ms: since(at),
    })),
    failure:
      failure === undefined
        ? null
        : {
            reason: failure.reason,
            by: failure.by === 'us' ? 'client' : 'server',
            alert: failure.alert ?? null,
            step: failure.step ?? null,
            detail: failure.detail,
            late_ms: failure.late === undefined ? null : rounded(failure.late),
            advice: adviceFor(timeline) ?? null,
          },
    chain: describeChain(timeline.negotiated.serverChain ?? [], now).map(certificateOf),
    trust: peer === undefined ? null : trustOf(peer.verdict),
  };
}

/** The same shape, as far as it goes, where there was no TCP connection. */
export function jsonUnreachable(server: Endpoint, { reason, message }: Unreachable): object {
  return {
    target: server,
    trace_id: null,
    client_random: null,
    state: 'failed',
    verdict: message,
    negotiated: {},
    steps: [],
    alerts: [],
    failure: { reason, by: 'network', alert: null, step: null, detail: message, late_ms: null, advice: null },
    chain: [],
    trust: null,
  };
}

function negotiatedOf({ negotiated }: Timeline): object {
  const { serverChain: _, clientChain: __, ...facts } = negotiated;
  return Object.fromEntries(Object.entries(facts).map(([name, value]) => [snakeCase(name), value]));
}

function stepOf({ name, direction, bytes, startedAt, endedAt, waited, asks }: Step, start: number): object {
  return {
    name,
    direction,
    bytes,
    at_ms: rounded(startedAt - start),
    waited_ms: rounded(waited),
    worked_ms: rounded(endedAt - startedAt),
    asks: asks.map((ask) => ({
      port: ask.port,
      operation: ask.operation,
      took_ms: rounded(ask.endedAt - ask.startedAt),
      failure: ask.failure ?? null,
    })),
  };
}

/** A certificate as programs read it. */
export function certificateOf(entry: ChainEntry): object {
  if ('unreadable' in entry) return { unreadable: entry.unreadable };
  const { notBefore, notAfter, ...facts } = entry;
  return {
    ...Object.fromEntries(Object.entries(facts).map(([name, value]) => [snakeCase(name), value])),
    not_before: new Date(notBefore).toISOString(),
    not_after: new Date(notAfter).toISOString(),
  };
}

function trustOf(verdict: NonNullable<TracedHandshake['peer']>['verdict']): object {
  if (verdict.trusted) return { trusted: true };
  const { reason, detail, rule } = verdict;
  return { trusted: false, reason, detail, rule };
}

function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

function rounded(value: number): number {
  return Math.round(value * 1000) / 1000;
}
