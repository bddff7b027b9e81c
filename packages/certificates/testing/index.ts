// What tests of other packages make certificates with, at run time.
export { type CrlOptions, makeCrl } from './crl.ts';
export { bitString, extensionOf, integer, oid, sequence } from './encode.ts';
export { makeOcspResponse, type OcspOptions } from './ocsp.ts';
export * from './pki.ts';
