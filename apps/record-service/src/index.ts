export type { Endpoint, RecordService, RecordServiceOptions } from './options.ts';
export { startRecordService } from './record-service.ts';
