import { toAsciiName } from './punycode.ts';

/** What the list says of registries, and not of companies that let others use names below theirs. */
const icann = /===BEGIN ICANN DOMAINS===([\s\S]*)===END ICANN DOMAINS===/;

/**
 * The Public Suffix List (https://publicsuffix.org), as far as registries are concerned: domains below which anybody can
 * register names. The Baseline Requirements (section 3.2.2.6) speak of these alone: whoever runs a private domain may well
 * have a certificate for all that is below it.
 */
export class PublicSuffixes {
  readonly #rules = new Set<string>();

  /** @param text `public_suffix_list.dat` */
  constructor(text: string) {
    const [, rules = ''] = icann.exec(text) ?? [];
    for (const line of rules.split('\n')) {
      const [rule = ''] = line.trim().split(/\s/);
      if (rule !== '' && !rule.startsWith('//')) this.#rules.add(toAsciiName(rule.toLowerCase()));
    }
  }

  /** @param domain in lower case, as A-labels. By the list's rules, every domain of one label is a suffix. */
  has(domain: string): boolean {
    if (this.#rules.has(`!${domain}`)) return false;
    const parent = domain.slice(domain.indexOf('.') + 1);
    return !domain.includes('.') || this.#rules.has(domain) || this.#rules.has(`*.${parent}`);
  }
}
