import { type Resource, resourceFromAttributes } from '@opentelemetry/resources';

/** Who reports: the OpenTelemetry resource of a process. */
export interface ServiceIdentity {
  /** For example `handfast-gateway`. */
  readonly name: string;
  /** Tells the replicas of a service apart. */
  readonly instance?: string | undefined;
  readonly version?: string | undefined;
}

/** Replicas come and go; those that went must not stay in memory. */
const mostReplicas = 256;

/** The resources that spans name: the process that records them, and the services that it asked. */
export class Services {
  readonly own: Resource;
  readonly #asked = new Map<string, Resource>();

  constructor(own: ServiceIdentity) {
    this.own = resourceOf(own);
  }

  /**
   * The same object for the same replica, because a request to the collector has one entry for each.
   * @param service as in `ServiceWork`: `key-exchange`, `certificate` or `session`
   */
  asked(service: string, instance: string): Resource {
    const key = `${service}/${instance}`;
    const known = this.#asked.get(key);
    if (known !== undefined) return known;
    if (this.#asked.size >= mostReplicas) this.#asked.clear();
    const resource = resourceOf({ name: `handfast-${service}`, instance });
    this.#asked.set(key, resource);
    return resource;
  }
}

function resourceOf({ name, instance, version }: ServiceIdentity): Resource {
  return resourceFromAttributes({
    'service.name': name,
    ...(instance !== undefined && { 'service.instance.id': instance }),
    ...(version !== undefined && { 'service.version': version }),
  });
}
