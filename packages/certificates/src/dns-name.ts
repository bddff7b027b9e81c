/**
 * A DNS name as certificates hold them (RFC 1034 section 3.5, RFC 5890 for A-labels), or one whose first label is `*`;
 * in lower case, without a dot at its end. The underscore is no part of the preferred syntax and common in practice.
 */
const syntax = /^(?:\*\.)?(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/;

/** The name in lower case; undefined where it is not a DNS name, with or without a wildcard. */
export function normalizedDnsName(name: string): string | undefined {
  const lower = name.toLowerCase();
  return name.length <= 253 && syntax.test(lower) ? lower : undefined;
}

/** Whether `name` is `ancestor` or ends in its labels; both normalized. */
export function isWithinDomain(name: string, ancestor: string): boolean {
  if (!name.endsWith(ancestor)) return false;
  return name.length === ancestor.length || name[name.length - ancestor.length - 1] === '.';
}
