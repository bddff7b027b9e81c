import { Argument, type Command, InvalidArgumentError } from 'commander';
import { flag, listFlag } from '../flags/flag.ts';
import { type Profile, profileFlag, type RevocationPolicy, revocationFlag } from '../flags/judgement.ts';

export interface VerifyFlags {
  readonly ca?: readonly string[];
  readonly name?: string;
  readonly purpose: 'server' | 'client';
  readonly profile: Profile;
  readonly crl?: readonly string[];
  readonly ocsp?: string;
  readonly revocation?: RevocationPolicy;
  /** Milliseconds since the Unix epoch. */
  readonly time?: number;
  readonly json?: true;
}

export function addVerify(program: Command): void {
  program
    .command('verify')
    .summary('judge a certificate chain, and say what is wrong with it')
    .description('Finds the path from a certificate to a trust anchor and judges it, as a TLS peer would.')
    .addArgument(new Argument('<CHAIN.pem>', 'the chain (PEM): end entity first, the rest in any order'))
    .addOption(listFlag('--ca <FILE>', 'CAs to trust (PEM); those that Node trusts by default; may be repeated'))
    .addOption(flag('--name <HOST>', 'the DNS name or IP address that a server must prove'))
    .addOption(
      flag('--purpose <PURPOSE>', 'what the certificate is for').choices(['server', 'client']).default('server'),
    )
    .addOption(profileFlag())
    .addOption(listFlag('--crl <FILE>', 'CRL to judge by (PEM or DER); may be repeated'))
    .addOption(flag('--ocsp <FILE>', 'OCSP response that came with the chain (PEM or DER)'))
    .addOption(revocationFlag('by default prefer with --crl or --ocsp, otherwise off'))
    .addOption(
      flag('--time <ISO>', 'the time to judge by, such as 2026-01-31T12:00:00Z; now by default').argParser(time),
    )
    .addOption(flag('--json', 'print one JSON object, for programs'))
    .addHelpText('after', examples)
    .action(async (chain: string, flags: VerifyFlags) => {
      const { verify } = await import('../verify/verify.ts');
      verify(chain, flags);
    });
}

function time(text: string): number {
  const value = /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(value)) throw new InvalidArgumentError('It must be a time such as 2026-01-31T12:00:00Z.');
  return value;
}

const examples = `
Exit codes: 0 the chain is valid, 1 it is not, 2 wrong usage.

Examples:
  handfast verify chain.pem --name example.org
  handfast verify chain.pem --ca ca.pem --crl ca.crl --revocation require
  handfast verify client.pem --ca ca.pem --purpose client --time 2027-01-01T00:00:00Z --json`;
