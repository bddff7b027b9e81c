// Bad habits for a sparring partner: what it does in place of sending one of its messages.
import {
  decodeHandshake,
  encodeHandshake,
  type HandshakeMessage,
  type MessageName,
  type MessageOf,
  type MessageVersion,
} from '@handfast/wire';
import type { StepName } from '../src/index.ts';
import type { Act, Habit } from './sparring-partner.ts';

export const behaved: Habit = (effect) => [effect];

/** Does as `acts` says when it would send that message, for the first time. */
export function insteadOf(name: StepName, acts: (message: Act) => readonly Act[]): Habit {
  let done = false;
  return (effect) => {
    if (done || sentMessage(effect) !== name) return [effect];
    done = true;
    return acts(effect);
  };
}

export const without = (name: StepName): Habit => insteadOf(name, () => []);

export const repeating = (name: StepName): Habit => insteadOf(name, (message) => [message, message]);

export const before = (name: StepName, ...acts: readonly Act[]): Habit =>
  insteadOf(name, (message) => [...acts, message]);

/** Sends a message only after the one that should follow it. */
export function late(name: StepName): Habit {
  let held: Act | undefined;
  return (effect) => {
    const message = sentMessage(effect);
    if (message === name && held === undefined) {
      held = effect;
      return [];
    }
    if (message === undefined || held === undefined) return [effect];
    const acts = [effect, held];
    held = undefined;
    return acts;
  };
}

/** Sends a message with other bytes. */
export const edited = (name: StepName, edit: (bytes: Uint8Array) => Uint8Array): Habit =>
  insteadOf(name, (message) => [message.kind === 'send' ? { ...message, bytes: edit(message.bytes) } : message]);

/** Sends another message of the same kind. */
export function changed<Name extends MessageName, Version extends MessageVersion>(
  name: Name,
  version: Version,
  change: (message: MessageOf<Name, Version>) => MessageOf<Name, Version>,
): Habit {
  return edited(name, (bytes) =>
    encodeHandshake(change(decodeHandshake(bytes, version) as MessageOf<Name, Version>) as HandshakeMessage),
  );
}

type Extensions<Message> = Message extends { readonly extensions: infer E } ? E : never;
type WithExtensions = { readonly extensions: readonly { readonly name: string }[] };

/** The message with that extension in the place of the one of the same name, or at the end. */
export function including<Message extends WithExtensions>(
  message: Message,
  extension: Extensions<Message> extends readonly (infer E)[] ? E : never,
): Message {
  const { name } = extension as { readonly name: string };
  const others = message.extensions.filter((each) => each.name !== name);
  return { ...message, extensions: [...others, extension] };
}

export function excluding<Message extends WithExtensions>(message: Message, name: string): Message {
  return { ...message, extensions: message.extensions.filter((each) => each.name !== name) };
}

/** A message with a body of another length. */
export function withBody(message: Uint8Array, body: Uint8Array): Uint8Array {
  const { length } = body;
  return Uint8Array.of(message[0] ?? 0, length >> 16, length >> 8, length, ...body);
}

export function flipped(bytes: Uint8Array, index: number): Uint8Array {
  return bytes.map((byte, at) => (at === (index < 0 ? bytes.length + index : index) ? byte ^ 1 : byte));
}

function sentMessage(effect: Act): StepName | undefined {
  if (effect.kind === 'send') return effect.name;
  return effect.kind === 'send-change-cipher-spec' ? 'ChangeCipherSpec' : undefined;
}
