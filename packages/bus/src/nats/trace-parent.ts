import { headers, type MsgHdrs } from '@nats-io/nats-core';

/** Header of W3C Trace Context. NATS compares header names by case, so it is in lower case everywhere. */
const name = 'traceparent';
const form = /^00-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}$/;

export interface TraceParent {
  /** 16 bytes. */
  readonly traceId: Uint8Array;
  /** 8 bytes. */
  readonly spanId: Uint8Array;
}

const absent: TraceParent = { traceId: new Uint8Array(16), spanId: new Uint8Array(8) };

export function traceHeaders({ traceId, spanId }: TraceParent): MsgHdrs {
  const result = headers();
  result.set(name, `00-${Buffer.from(traceId).toString('hex')}-${Buffer.from(spanId).toString('hex')}-01`);
  return result;
}

/** Zeros, which mean no trace, where there is none or it is malformed. */
export function readTraceParent(messageHeaders: MsgHdrs | undefined): TraceParent {
  const match = form.exec(messageHeaders?.get(name) ?? '');
  if (match === null) return absent;
  const [, traceId = '', spanId = ''] = match;
  return { traceId: Buffer.from(traceId, 'hex'), spanId: Buffer.from(spanId, 'hex') };
}
