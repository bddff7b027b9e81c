export { startUpstream, type Upstream } from './demo/upstream.ts';
export { run } from './run.ts';
