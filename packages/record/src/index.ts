export * from './handshake-reassembler.ts';
export * from './record.ts';
export * from './record-reader.ts';
export * from './record-writer.ts';
export * from './traffic-protection.ts';
