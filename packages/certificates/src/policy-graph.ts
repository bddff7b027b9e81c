import type { Certificate } from './certificate.ts';
import { Oid } from './oids.ts';
import { mapsAnyPolicy, type PolicyMapping } from './policy-extensions.ts';

/** The inputs of RFC 5280 section 6.1.1 (c), (e), (f) and (g). */
export interface PolicyInputs {
  /** Dotted OIDs of the policies of which one must apply where any is required; undefined for any policy. */
  readonly acceptable: readonly string[] | undefined;
  /** Whether the path must be valid under some policy, even if no certificate on it asks for one. */
  readonly explicit: boolean;
  readonly inhibitMapping: boolean;
  readonly inhibitAnyPolicy: boolean;
}

export const anyPolicies: PolicyInputs = {
  acceptable: undefined,
  explicit: false,
  inhibitMapping: false,
  inhibitAnyPolicy: false,
};

/** What broke a rule: its place in the path from the anchor's side, and why. */
export interface PolicyBreach {
  readonly certificate: Certificate;
  readonly why: string;
  readonly rule: string;
}

/** A policy that the certificates up to some depth agree on. */
interface PolicyNode {
  readonly policy: string;
  /** The nodes of the depth above by which it is valid; none for the root. */
  readonly parents: readonly PolicyNode[];
  /** What the next certificate may call it. */
  expected: ReadonlySet<string>;
}

/**
 * Policy processing of RFC 5280 section 6.1 by the graph of RFC 9618: a policy has one node at each depth, however many
 * mappings lead to it, so that the graph grows with the size of the certificates and not exponentially.
 */
export class PolicyGraph {
  #explicitPolicy: number;
  #policyMapping: number;
  #inhibitAnyPolicy: number;
  /** The nodes of the greatest depth by their policies; undefined once the graph is NULL. */
  #nodes: ReadonlyMap<string, PolicyNode> | undefined;

  private constructor(length: number, inputs: PolicyInputs) {
    this.#explicitPolicy = inputs.explicit ? 0 : length + 1;
    this.#policyMapping = inputs.inhibitMapping ? 0 : length + 1;
    this.#inhibitAnyPolicy = inputs.inhibitAnyPolicy ? 0 : length + 1;
    this.#nodes = new Map([
      [Oid.anyPolicy, { policy: Oid.anyPolicy, parents: [], expected: new Set([Oid.anyPolicy]) }],
    ]);
  }

  /**
   * The first rule about policies that a path breaks.
   * @param path the certificates below the anchor, the end entity last
   */
  static breachOf(path: readonly Certificate[], inputs: PolicyInputs): PolicyBreach | undefined {
    // As long as nobody asks for a policy, no outcome of all this rejects a path.
    if (!inputs.explicit && !path.some(asksForPolicies)) return undefined;
    const graph = new PolicyGraph(path.length, inputs);
    for (const [index, certificate] of path.entries()) {
      const isLast = index === path.length - 1;
      graph.#addPolicies(certificate, isLast);
      const breach = graph.#nullBreach(certificate) ?? (isLast ? undefined : graph.#prepareNext(certificate));
      if (breach !== undefined) return breach;
      if (isLast) return graph.#wrapUp(certificate, inputs);
    }
    return undefined;
  }

  /** RFC 9618 section 5.4, steps (d) and (e). */
  #addPolicies({ certificatePolicies, issuer, subject }: Certificate, isLast: boolean): void {
    if (certificatePolicies === undefined || this.#nodes === undefined) {
      this.#nodes = undefined;
      return;
    }
    const above = this.#nodes;
    const parentsOf = expecting(above);
    const anyParent = above.get(Oid.anyPolicy);
    const nodes = new Map<string, PolicyNode>();
    const add = (policy: string, parents: readonly PolicyNode[]): void => {
      if (parents.length > 0) nodes.set(policy, { policy, parents, expected: new Set([policy]) });
    };
    for (const policy of certificatePolicies) {
      if (policy === Oid.anyPolicy) continue;
      add(policy, parentsOf.get(policy) ?? (anyParent === undefined ? [] : [anyParent]));
    }
    const isSelfIssued = issuer.key === subject.key;
    const anyCounts = this.#inhibitAnyPolicy > 0 || (!isLast && isSelfIssued);
    if (certificatePolicies.includes(Oid.anyPolicy) && anyCounts) {
      for (const [policy, parents] of parentsOf) if (!nodes.has(policy)) add(policy, parents);
    }
    // What has no descendants at this depth is reachable from none of these nodes, and needs no pruning.
    this.#nodes = nodes.size === 0 ? undefined : nodes;
  }

  /** RFC 5280 section 6.1.3 (f). */
  #nullBreach(certificate: Certificate): PolicyBreach | undefined {
    if (this.#explicitPolicy > 0 || this.#nodes !== undefined) return undefined;
    const why = 'a certificate policy is required, and none is valid for the path as far as this certificate';
    return { certificate, why, rule: 'RFC 5280 section 6.1.3 (f)' };
  }

  /** RFC 5280 section 6.1.4 (a), (b) and (h) to (j). */
  #prepareNext(certificate: Certificate): PolicyBreach | undefined {
    const { policyMappings = [], policyConstraints, inhibitAnyPolicy, issuer, subject } = certificate;
    if (policyMappings.some(mapsAnyPolicy)) {
      return { certificate, why: 'it maps anyPolicy', rule: 'RFC 5280 section 6.1.4 (a)' };
    }
    this.#map(policyMappings);
    if (issuer.key !== subject.key) {
      this.#explicitPolicy = Math.max(0, this.#explicitPolicy - 1);
      this.#policyMapping = Math.max(0, this.#policyMapping - 1);
      this.#inhibitAnyPolicy = Math.max(0, this.#inhibitAnyPolicy - 1);
    }
    this.#explicitPolicy = Math.min(this.#explicitPolicy, policyConstraints?.requireExplicitPolicy ?? Infinity);
    this.#policyMapping = Math.min(this.#policyMapping, policyConstraints?.inhibitPolicyMapping ?? Infinity);
    this.#inhibitAnyPolicy = Math.min(this.#inhibitAnyPolicy, inhibitAnyPolicy ?? Infinity);
    return undefined;
  }

  /** RFC 9618 section 5.5, step (b). */
  #map(mappings: readonly PolicyMapping[]): void {
    if (this.#nodes === undefined) return;
    const nodes = new Map(this.#nodes);
    const anyNode = nodes.get(Oid.anyPolicy);
    for (const [policy, expected] of groupedByIssuerPolicy(mappings)) {
      const node = nodes.get(policy);
      if (this.#policyMapping === 0) nodes.delete(policy);
      else if (node !== undefined) node.expected = expected;
      else if (anyNode !== undefined) nodes.set(policy, { policy, parents: anyNode.parents, expected });
    }
    this.#nodes = nodes.size === 0 ? undefined : nodes;
  }

  /** RFC 5280 section 6.1.5 (a), (b) and (g). */
  #wrapUp(certificate: Certificate, { acceptable }: PolicyInputs): PolicyBreach | undefined {
    const isRequired =
      Math.max(0, this.#explicitPolicy - 1) === 0 || certificate.policyConstraints?.requireExplicitPolicy === 0;
    if (!isRequired) return undefined;
    const nodes = this.#nodes;
    if (nodes !== undefined) {
      if (acceptable === undefined || nodes.has(Oid.anyPolicy)) return undefined;
      const valid = initialPolicies(nodes.values());
      if (acceptable.some((policy) => policy === Oid.anyPolicy || valid.has(policy))) return undefined;
    }
    const why = 'a certificate policy is required, and none that is acceptable is valid for the path';
    return { certificate, why, rule: 'RFC 5280 section 6.1.5 (g)' };
  }
}

function asksForPolicies({ policyConstraints, policyMappings }: Certificate): boolean {
  return (policyConstraints ?? policyMappings) !== undefined;
}

function expecting(nodes: ReadonlyMap<string, PolicyNode>): ReadonlyMap<string, readonly PolicyNode[]> {
  const parents = new Map<string, PolicyNode[]>();
  for (const node of nodes.values()) {
    for (const policy of node.expected) {
      const known = parents.get(policy);
      if (known === undefined) parents.set(policy, [node]);
      else known.push(node);
    }
  }
  return parents;
}

function groupedByIssuerPolicy(mappings: readonly PolicyMapping[]): ReadonlyMap<string, ReadonlySet<string>> {
  const groups = new Map<string, Set<string>>();
  for (const { issuerDomainPolicy, subjectDomainPolicy } of mappings) {
    const group = groups.get(issuerDomainPolicy) ?? new Set();
    groups.set(issuerDomainPolicy, group.add(subjectDomainPolicy));
  }
  return groups;
}

/** The policies, in the terms of the anchor's domain, by which `nodes` are valid: those just below an anyPolicy. */
function initialPolicies(nodes: Iterable<PolicyNode>): ReadonlySet<string> {
  const policies = new Set<string>();
  const seen = new Set<PolicyNode>();
  const open = [...nodes];
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    if (seen.has(node)) continue;
    seen.add(node);
    if (node.policy !== Oid.anyPolicy && node.parents.some(({ policy }) => policy === Oid.anyPolicy)) {
      policies.add(node.policy);
    }
    open.push(...node.parents);
  }
  return policies;
}
