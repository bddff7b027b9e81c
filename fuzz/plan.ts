// What a misbehaving peer does, as data: small enough to be kept, and the same each time that it is carried out.

/** Takes `cut` bytes out of a string of bytes at `at` (modulo its length) and puts others in. Bytes are hexadecimal. */
export interface Edit {
  readonly at: number;
  readonly cut: number;
  readonly put: string;
}

/** What is done to one of the things that the peer sends: a handshake message, or a ChangeCipherSpec. */
export type Deed =
  /** `lengths`: whether the lengths around the edited place are kept true, so that what is wrong lies deeper. */
  | { readonly kind: 'edit'; readonly edit: Edit; readonly lengths: 'kept' | 'left' }
  /** Something done to the `index`th of the extensions that the message ends with. */
  | { readonly kind: 'extension'; readonly index: number; readonly edit: ExtensionEdit }
  | { readonly kind: 'repeat' | 'drop' | 'delay' }
  /** A handshake message before it. */
  | { readonly kind: 'insert'; readonly type: number; readonly body: string }
  /** A record before it, under the keys in use. */
  | { readonly kind: 'record'; readonly type: RecordType; readonly fragment: string }
  /** Bytes before it, as they are. */
  | { readonly kind: 'raw'; readonly bytes: string };

export type ExtensionEdit =
  | { readonly kind: 'repeat' | 'drop' }
  | { readonly kind: 'retype'; readonly type: number }
  | { readonly kind: 'body'; readonly edit: Edit };

export const recordTypes = ['change_cipher_spec', 'alert', 'handshake', 'application_data'] as const;

export type RecordType = (typeof recordTypes)[number];

export interface Plan {
  readonly scenario: string;
  /** What is done to the `on`th thing that the peer sends; those beyond its last are done when the handshake is over. */
  readonly deeds: readonly { readonly on: number; readonly deed: Deed }[];
  /** What is done to the bytes of the `on`th delivery, after protection. */
  readonly deliveries: readonly { readonly on: number; readonly edit: Edit }[];
  /** Bytes that arrive at once; 0 for all there are. */
  readonly chunk: number;
}

export function edited(bytes: Uint8Array, { at, cut, put }: Edit): Uint8Array {
  const place = bytes.length === 0 ? 0 : at % bytes.length;
  return Buffer.concat([bytes.subarray(0, place), Buffer.from(put, 'hex'), bytes.subarray(place + cut)]);
}

/** As `edited`, and adapts the lengths of the vectors that the place seems to lie in: those whose length fits. */
export function editedWithin(message: Uint8Array, edit: Edit): Uint8Array {
  const place = message.length === 0 ? 0 : edit.at % message.length;
  const change = edit.put.length / 2 - Math.min(edit.cut, message.length - place);
  const result = edited(message, edit);
  for (let width = 1; width <= 3; width += 1) {
    for (let at = 0; at + width <= place; at += 1) {
      const length = uint(message, at, width);
      const end = at + width + length;
      if (length > 0 && end <= message.length && end >= place + edit.cut) setUint(result, at, width, length + change);
    }
  }
  return result;
}

/** The message with its extensions changed; the same where it does not end with a block of extensions. */
export function withExtensions(message: Uint8Array, index: number, change: ExtensionEdit): Uint8Array {
  const start = extensionsStart(message);
  if (start === undefined) return message;
  const extensions = extensionsIn(message.subarray(start + 2)) ?? [];
  if (extensions.length === 0) return message;
  const chosen = index % extensions.length;
  const block = Buffer.concat(
    extensions.flatMap((each, place) => (place === chosen ? changedExtension(each, change) : [each])),
  );
  const result = Buffer.concat([message.subarray(0, start), Buffer.alloc(2), block]);
  setUint(result, start, 2, block.length);
  setUint(result, 1, 3, result.length - 4);
  return result;
}

function changedExtension(extension: Uint8Array, change: ExtensionEdit): readonly Uint8Array[] {
  switch (change.kind) {
    case 'drop':
      return [];
    case 'repeat':
      return [extension, extension];
    case 'retype':
      return [Buffer.concat([Buffer.from([change.type >> 8, change.type & 0xff]), extension.subarray(2)])];
    case 'body': {
      const body = editedWithin(extension.subarray(4), change.edit);
      const header = Buffer.from([extension[0] ?? 0, extension[1] ?? 0, 0, 0]);
      setUint(header, 2, 2, body.length);
      return [Buffer.concat([header, body])];
    }
  }
}

/** Where the length of a block of extensions stands that takes all the rest of the message. */
function extensionsStart(message: Uint8Array): number | undefined {
  for (let at = 4; at + 2 < message.length; at += 1) {
    if (at + 2 + uint(message, at, 2) === message.length && extensionsIn(message.subarray(at + 2)) !== undefined) {
      return at;
    }
  }
  return undefined;
}

function extensionsIn(block: Uint8Array): readonly Uint8Array[] | undefined {
  const extensions: Uint8Array[] = [];
  for (let at = 0; at < block.length; ) {
    const end = at + 4 + uint(block, at + 2, 2);
    if (at + 4 > block.length || end > block.length) return undefined;
    extensions.push(block.subarray(at, end));
    at = end;
  }
  return extensions;
}

function uint(bytes: Uint8Array, at: number, width: number): number {
  let value = 0;
  for (let index = at; index < at + width; index += 1) value = value * 256 + (bytes[index] ?? 0);
  return value;
}

function setUint(bytes: Uint8Array, at: number, width: number, value: number): void {
  for (let index = 0; index < width; index += 1) bytes[at + index] = (value >> (8 * (width - 1 - index))) & 0xff;
}
