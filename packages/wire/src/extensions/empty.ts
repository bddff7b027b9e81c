import type { Codec } from '../codec.ts';
import type { Empty } from '../extensions.ts';

const nothing: Empty = Object.freeze({});

/** An extension whose presence is its meaning. Bytes in it are trailing data. */
export const empty: Codec<Empty> = { read: () => nothing, write: () => {} };
