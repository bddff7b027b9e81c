import { enterOnly, Tag } from './der/reader.ts';
import { oidOf } from './der/values.ts';

/** RFC 5280 section 4.1.1.2. */
export interface AlgorithmIdentifier {
  readonly der: Uint8Array;
  /** Dotted. */
  readonly oid: string;
  /** The parameters element, DER; undefined where there is none. */
  readonly parameters: Uint8Array | undefined;
}

/** Reads an AlgorithmIdentifier. @throws TlsError `certificate-malformed` */
export function algorithmOf(der: Uint8Array): AlgorithmIdentifier {
  const reader = enterOnly(der, Tag.SEQUENCE, 'AlgorithmIdentifier');
  const oid = oidOf(reader.read(Tag.OBJECT_IDENTIFIER, 'algorithm'), 'algorithm');
  const parameters = reader.done ? undefined : reader.readElement(undefined, 'parameters');
  reader.finish();
  return { der, oid, parameters };
}
