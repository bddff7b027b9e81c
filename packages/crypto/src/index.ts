export * from './hkdf.ts';
export * from './prf.ts';
export * from './provider.ts';
