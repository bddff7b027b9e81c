import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HandshakeReassembler } from './handshake-reassembler.ts';

describe('HandshakeReassembler', () => {
  it('gives the same messages however they are cut into fragments', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(255), fc.uint8Array({ maxLength: 700 })), { minLength: 1, maxLength: 6 }),
        fc.infiniteStream(fc.integer({ min: 1, max: 900 })),
        (contents, fragmentLengths) => {
          const messages = contents.map(([type, body]) => message(type, body));
          const bytes = Uint8Array.from(messages.flatMap((one) => [...one]));
          const reassembler = new HandshakeReassembler();
          const received: Uint8Array[] = [];
          for (let at = 0; at < bytes.length; ) {
            const fragment = bytes.subarray(at, at + fragmentLengths.next().value);
            at += fragment.length;
            reassembler.push(fragment);
            received.push(...drain(reassembler));
          }
          expect(received).toEqual(messages);
          expect(reassembler.empty).toBe(true);
        },
      ),
    );
  });

  it('does not copy a message that lies in one fragment', () => {
    const reassembler = new HandshakeReassembler();
    const fragment = Uint8Array.from([...message(14, new Uint8Array()), ...message(20, new Uint8Array(12))]);
    reassembler.push(fragment);
    expect([...drain(reassembler)].map(({ buffer }) => buffer === fragment.buffer)).toEqual([true, true]);
  });

  it('is not empty while part of a message, or a message not yet taken, is held', () => {
    const reassembler = new HandshakeReassembler();
    expect(reassembler.empty).toBe(true);
    reassembler.push(Uint8Array.of(20));
    expect([...drain(reassembler)]).toEqual([]);
    expect(reassembler.empty).toBe(false);
    reassembler.push(Uint8Array.of(0, 0, 0));
    expect(reassembler.empty).toBe(false);
    expect(reassembler.next()).toEqual(Uint8Array.of(20, 0, 0, 0));
    expect(reassembler.empty).toBe(true);
  });

  it('refuses a message that is too long from its header alone', () => {
    const reassembler = new HandshakeReassembler(1000);
    reassembler.push(message(11, new Uint8Array(1000)));
    expect(reassembler.next()).toHaveLength(1004);
    reassembler.push(Uint8Array.of(11, 0, 3, 0xe9));
    expect(() => reassembler.next()).toThrow(expect.objectContaining({ reason: 'message-too-long' }));
  });

  it('reads all 24 bits of a length', () => {
    const reassembler = new HandshakeReassembler();
    reassembler.push(message(11, new Uint8Array(0x01_02_03)));
    expect(reassembler.next()).toHaveLength(4 + 0x01_02_03);
    reassembler.push(Uint8Array.of(11, 2, 0, 1));
    expect(() => reassembler.next()).toThrow(expect.objectContaining({ reason: 'message-too-long' }));
  });

  it('refuses an empty fragment', () => {
    expect(() => new HandshakeReassembler().push(new Uint8Array())).toThrow(
      expect.objectContaining({ reason: 'unexpected-record', alert: 'unexpected_message' }),
    );
  });
});

function message(type: number, body: Uint8Array): Uint8Array {
  return Uint8Array.from([type, body.length >> 16, body.length >> 8, body.length, ...body]);
}

function* drain(reassembler: HandshakeReassembler): Generator<Uint8Array> {
  for (let message = reassembler.next(); message !== undefined; message = reassembler.next()) yield message;
}
