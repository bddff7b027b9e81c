export { ffdheGroup } from './ffdhe.ts';
export * from './hkdf.ts';
export * from './portable/index.ts';
export { premasterLength } from './premaster.ts';
export * from './prf.ts';
export * from './provider.ts';
