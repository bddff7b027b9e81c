export { HandshakeReassembler } from './handshake-reassembler.ts';
export { maximumPlaintextLength, type TlsRecord } from './record.ts';
export { RecordReader } from './record-reader.ts';
export { RecordWriter, type RecordWriterOptions } from './record-writer.ts';
export { type ProtectionVersion, type TrafficProtection, trafficProtection } from './traffic-protection.ts';
