import type { Codec } from '../codec.ts';
import type { EndOfEarlyData, HelloRequest, ServerHelloDone } from '../messages.ts';

/** RFC 5246 section 7.4.1.1. */
export const helloRequest: Codec<HelloRequest> = { read: () => ({ type: 'HelloRequest' }), write: () => {} };

/** RFC 5246 section 7.4.5. */
export const serverHelloDone: Codec<ServerHelloDone> = { read: () => ({ type: 'ServerHelloDone' }), write: () => {} };

/** RFC 8446 section 4.5. */
export const endOfEarlyData: Codec<EndOfEarlyData> = { read: () => ({ type: 'EndOfEarlyData' }), write: () => {} };
