import picocolors from 'picocolors';

export type Palette = ReturnType<typeof picocolors.createColors>;

export const plain: Palette = picocolors.createColors(false);

/** Colours where the stream is a terminal that has them; NO_COLOR and TERM are respected. */
export function paletteFor(stream: NodeJS.WriteStream): Palette {
  return picocolors.createColors(stream.isTTY && stream.hasColors());
}
