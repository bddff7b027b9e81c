export { HandshakeReassembler } from './handshake-reassembler.ts';
export { maximumPlaintextLength, type TlsRecord } from './record.ts';
export { RecordReader } from './record-reader.ts';
export { RecordWriter, type RecordWriterOptions } from './record-writer.ts';
export {
  type ProtectionVersion,
  type RecordKeys,
  type TrafficProtection,
  trafficProtection12,
  trafficProtection13,
} from './traffic-protection.ts';
