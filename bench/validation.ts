import { webcrypto, X509Certificate } from 'node:crypto';
import { LocalCertificateValidator } from '@handfast/certificates';
import { type Issued, issue, serverAuth } from '@handfast/certificates/testing';
import { nativeCrypto } from '@handfast/crypto/native';
import * as peculiar from '@peculiar/x509';
import * as pkijs from 'pkijs';
import type { Effort } from './bench.ts';
import { median, rounded } from './statistics.ts';

interface Validated {
  readonly name: string;
  /** Microseconds for a chain that was not seen before, and for one that was. */
  readonly cold: number;
  readonly warm: number;
}

/** A server's certificate, its issuer and the root, ECDSA P-256. */
interface Chain {
  readonly root: Issued;
  readonly server: Issued;
}

type Validate = (chain: Chain) => unknown;

/** Who validates what; each call judges one chain from its bytes on. */
const subjects: readonly { readonly name: string; make(chain: Chain): Validate }[] = [
  {
    name: 'Handfast: path, names, dates, usages, all of RFC 5280 section 6',
    make: ({ root }) => {
      const validator = new LocalCertificateValidator({ crypto: nativeCrypto, anchors: [root.der], credentials: [] });
      return ({ server }) =>
        validator.validate({
          chain: server.chain,
          purpose: 'server',
          serverName: 'example.org',
          time: Date.now(),
          ocspResponse: undefined,
          signedCertificateTimestamps: [],
        });
    },
  },
  {
    name: 'node:crypto X509Certificate: checkIssued, verify, checkHost',
    make: ({ root }) => {
      const anchor = new X509Certificate(root.der);
      return ({ server }) => {
        const [leaf, ca] = server.chain.map((der) => new X509Certificate(der));
        if (leaf === undefined || ca === undefined) return false;
        const isIssued = leaf.checkIssued(ca) && ca.checkIssued(anchor);
        return isIssued && leaf.verify(ca.publicKey) && ca.verify(anchor.publicKey) && leaf.checkHost('example.org');
      };
    },
  },
  {
    name: '@peculiar/x509 X509ChainBuilder: names, key identifiers, signatures',
    make: ({ root }) => {
      const anchor = new peculiar.X509Certificate(root.der);
      return ({ server }) => {
        const [leaf, ca] = server.chain.map((der) => new peculiar.X509Certificate(der));
        if (leaf === undefined || ca === undefined) return false;
        return new peculiar.X509ChainBuilder({ certificates: [ca, anchor] }).build(leaf, webcrypto);
      };
    },
  },
  {
    name: 'pkijs CertificateChainValidationEngine: path, dates, constraints',
    make: ({ root }) => {
      const trustedCerts = [pkijs.Certificate.fromBER(root.der)];
      return ({ server }) => {
        const [leaf, ...others] = server.chain.map((der) => pkijs.Certificate.fromBER(der));
        if (leaf === undefined) return false;
        return new pkijs.CertificateChainValidationEngine({ trustedCerts, certs: [...others, leaf] }).verify();
      };
    },
  },
];

/** Time to validate a chain of three certificates, in turn. */
export async function measureValidation(
  { validations }: Effort,
  progress: (line: string) => void,
): Promise<readonly Validated[]> {
  const chains: Chain[] = [];
  for (let left = validations; left > 0; left--) chains.push(await makeChain());
  const cold = new Map<string, number[]>();
  const warm = new Map<string, number[]>();
  for (const [index, chain] of chains.entries()) {
    // The order changes, so that none has the processor's caches always warm.
    for (const { name, make } of [
      ...subjects.slice(index % subjects.length),
      ...subjects.slice(0, index % subjects.length),
    ]) {
      const validate = make(chain);
      note(cold, name, await timed(() => validate(chain)));
      note(warm, name, await timed(() => validate(chain)));
    }
  }
  // The first half is for the compilers.
  const middle = (values: readonly number[] = []) => rounded(median(values.slice(values.length / 2)) * 1000);
  return subjects.map(({ name }) => {
    progress(`validation: ${name}`);
    return { name, cold: middle(cold.get(name)), warm: middle(warm.get(name)) };
  });
}

async function makeChain(): Promise<Chain> {
  const root = await issue({ subject: 'CN=Root', ca: {} });
  const ca = await issue({ subject: 'CN=CA', ca: {}, issuer: root });
  return { root, server: await issue({ names: ['example.org'], issuer: ca, extKeyUsage: [serverAuth] }) };
}

/** In milliseconds. */
async function timed(work: () => unknown): Promise<number> {
  const start = performance.now();
  const result = work();
  if (result instanceof Promise) await result;
  return performance.now() - start;
}

function note(times: Map<string, number[]>, name: string, time: number): void {
  const known = times.get(name);
  if (known === undefined) times.set(name, [time]);
  else known.push(time);
}
