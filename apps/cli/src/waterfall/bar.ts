/** The left eighths of a cell, from none to all of it. */
const eighths = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉', '█'] as const;

/** A bar as three pieces of text, so that each can have its colour. Their length is at most the width together. */
export interface Bar {
  readonly indent: string;
  readonly waited: string;
  readonly worked: string;
}

/**
 * Draws waiting and work where they happened on a scale of `width` characters that stands for `total`. However short the
 * work was, something is seen of it; what happened after the end of the scale is shown at its end.
 */
export function bar(
  times: { readonly waitedFrom: number; readonly from: number; readonly to: number },
  total: number,
  width: number,
): Bar {
  const column = (time: number): number => (total <= 0 ? 0 : (Math.min(Math.max(time, 0), total) / total) * width);
  const first = Math.min(Math.floor(column(times.from)), width - 1);
  const waitFrom = Math.min(Math.floor(column(times.waitedFrom)), first);
  const length = Math.max(1 / 8, Math.min(column(times.to) - column(times.from), width - first));
  const rest = eighths[Math.round((length % 1) * 8)] ?? '';
  return {
    indent: ' '.repeat(waitFrom),
    waited: '─'.repeat(first - waitFrom),
    worked: '█'.repeat(Math.floor(length)) + rest,
  };
}
