import type { ServiceName } from '../bus.ts';

/** All instances of a service share its requests. */
export const queueGroup = 'handfast';

export function subjectOf(service: ServiceName, operation: string): string {
  return `handfast.v1.${service}.${operation}`;
}

/** The name under which service discovery knows a service. */
export function discoveryName(service: ServiceName): string {
  return `handfast-${service}`;
}
