export type { Endpoint, RecordService, RecordServiceOptions } from './options.ts';
export { patiently } from './patience.ts';
export { startRecordService } from './record-service.ts';
