import { TlsError } from '@handfast/wire';
import { decodePem } from './pem.ts';
import type { CtLog } from './transparency.ts';

/** A log of the list, as far as it is used here. */
interface ListedLog {
  /** Base64 of SubjectPublicKeyInfo. */
  readonly key: string;
  readonly state?: Readonly<Record<string, { readonly timestamp: string }>>;
}

/**
 * The logs of a log list in Google's format, version 3 (https://www.gstatic.com/ct/log_list/v3/log_list.json): those that
 * are or were usable; of the others, nothing counts.
 *
 * @throws TlsError `configuration-invalid` for what is no such list
 */
export function parseCtLogList(json: string): readonly CtLog[] {
  try {
    const { operators } = JSON.parse(json) as { operators: readonly Record<string, unknown>[] };
    return operators.flatMap(({ name, logs = [], tiled_logs = [] }) =>
      [...(logs as ListedLog[]), ...(tiled_logs as ListedLog[])].flatMap((log) => logOf(String(name), log)),
    );
  } catch (cause) {
    if (cause instanceof TlsError) throw cause;
    throw new TlsError('configuration-invalid', 'the list of logs is not in the format of version 3', { cause });
  }
}

function logOf(operator: string, { key, state = {} }: ListedLog): readonly CtLog[] {
  if (
    state.usable === undefined &&
    state.readonly === undefined &&
    state.qualified === undefined &&
    state.retired === undefined
  )
    return [];
  const [der] = decodePem(`-----BEGIN PUBLIC KEY-----\n${key}\n-----END PUBLIC KEY-----`, 'PUBLIC KEY');
  if (der === undefined) return [];
  return [{ key: der, operator, retiredAt: state.retired && Date.parse(state.retired.timestamp) }];
}
