import picocolors from 'picocolors';

export type Palette = ReturnType<typeof picocolors.createColors>;

export const plain: Palette = picocolors.createColors(false);

/** Colours where the stream is a terminal that has them; NO_COLOR and TERM are respected. */
export function paletteFor(stream: NodeJS.WriteStream): Palette {
  // Not `undefined`, for which picocolors has rules of its own.
  return picocolors.createColors(stream.isTTY === true && stream.hasColors());
}
