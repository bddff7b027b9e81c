export * from './hkdf.ts';
export * from './portable/index.ts';
export * from './prf.ts';
export * from './provider.ts';
