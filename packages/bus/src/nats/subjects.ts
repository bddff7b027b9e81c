import type { ServiceName } from '../bus.ts';

/** All instances of a service share its requests. */
export const queueGroup = 'handfast';

export function subjectOf(service: ServiceName, operation: string): string {
  return `handfast.v1.${service}.${operation}`;
}

/** Where one instance alone is asked; `*` in the place of the operation stands for all of them. */
export function directSubjectOf(service: ServiceName, operation: string, instance: string): string {
  return `${subjectOf(service, operation)}.${instance}`;
}

/** The operation that a direct subject asks for. */
export function operationOf(directSubject: string): string {
  return directSubject.split('.').at(-2) ?? '';
}

/** What an instance is called: the first eight bytes of its public key, in hex. */
export function instanceName(publicKey: Uint8Array): string {
  return Buffer.from(publicKey.buffer, publicKey.byteOffset, 8).toString('hex');
}

/** The name under which service discovery knows a service. */
export function discoveryName(service: ServiceName): string {
  return `handfast-${service}`;
}
