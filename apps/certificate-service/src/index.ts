import { hostCertificates, NatsBus, type RunningService } from '@handfast/bus';
import {
  credentialFromChain,
  decodePem,
  LocalCertificateValidator,
  type LocalCertificateValidatorOptions,
} from '@handfast/certificates';
import type { CryptoProvider } from '@handfast/crypto';
import { nativeCrypto } from '@handfast/crypto/native';
import { CredentialDirectory } from './credentials/credential-directory.ts';
import type { CredentialFile } from './credentials/credential-file.ts';
import { ExpiryWatch } from './credentials/expiry.ts';
import { Staples } from './credentials/staples.ts';
import { CheckingValidator } from './revocation/checking-validator.ts';
import { RevocationEvidence } from './revocation/evidence.ts';

export { CredentialDirectory } from './credentials/credential-directory.ts';
export type { CredentialFile } from './credentials/credential-file.ts';
export { CheckingValidator } from './revocation/checking-validator.ts';

/** How chains are judged beyond their path, as in LocalCertificateValidator. */
type Judgement = Pick<
  LocalCertificateValidatorOptions,
  'profile' | 'policies' | 'publicSuffixes' | 'revocation' | 'transparency' | 'identityRules'
>;

export interface CertificateServiceOptions extends Judgement {
  /** Of the NATS server, such as `nats://127.0.0.1:4222`. */
  readonly bus: string;
  /** What all ends of the bus share; see NatsBus. */
  readonly busSecret?: Uint8Array | undefined;
  /** The certificates that are trusted: PEM texts, each of one or more. */
  readonly anchors: readonly string[];
  /** The chains that gateways may present, in order of preference: PEM texts, each of one chain, end entity first. */
  readonly chains: readonly string[];
  /** More of them, as files, which are read again when they change. */
  readonly files?: readonly CredentialFile[] | undefined;
  /** Whether OCSP responders and CRLs are asked, for peers' chains and to staple to our own; undefined to ask nobody. */
  readonly fetch?: FetchSettings | undefined;
  readonly crypto?: CryptoProvider | undefined;
  /** Gets a line for each fault of the service. */
  readonly log?: ((line: string) => void) | undefined;
}

export interface FetchSettings {
  /** Milliseconds for one fetch; by default 2000. */
  readonly timeout?: number | undefined;
  /** Whether addresses outside the public Internet may be asked, for CAs in one's own network; by default not. */
  readonly privateAddresses?: boolean | undefined;
}

/** How often files are looked at, and staples and expiry with them, in milliseconds. */
const lookInterval = 5_000;

/**
 * Starts an instance of the certificate service: it validates the chains of peers, and knows our own.
 * @throws TlsError `configuration-invalid` for an anchor or a chain that cannot be used, or is not for its key,
 * `service-unavailable` where no NATS server answers.
 */
export async function startCertificateService(options: CertificateServiceOptions): Promise<RunningService> {
  const { bus: servers, busSecret: secret, crypto = nativeCrypto, fetch, log } = options;
  const given = options.chains.map((chain) => credentialFromChain(crypto, certificates(chain)));
  const directory = new CredentialDirectory(crypto, options.files ?? [], log);
  const own = () => [...given, ...directory.credentials];
  const evidence =
    fetch &&
    new RevocationEvidence({
      crypto,
      timeout: fetch.timeout ?? 2_000,
      privateAddresses: fetch.privateAddresses ?? false,
      log,
      now: Date.now,
    });
  const staples = evidence && new Staples(crypto, evidence, log);
  const stapled = () => own().map((credential) => staples?.stapled(credential, Date.now()) ?? credential);
  const { profile, policies, publicSuffixes, revocation, transparency, identityRules } = options;
  const local = new LocalCertificateValidator({
    crypto,
    anchors: options.anchors.flatMap(certificates),
    credentials: [],
    profile,
    policies,
    publicSuffixes,
    revocation,
    transparency,
    identityRules,
    crls: evidence?.crls,
    ocsp: evidence?.ocsp,
  });
  const validator = new CheckingValidator(local, revocation === 'off' ? undefined : evidence, stapled);

  const expiry = new ExpiryWatch(log, own, Date.now);
  const look = async (): Promise<void> => {
    directory.reload();
    expiry.warn(own(), Date.now());
    await staples?.refresh(own(), Date.now());
  };
  await look();
  const timer = setInterval(() => void look(), lookInterval).unref();

  const bus = await NatsBus.connect({ servers, crypto, secret, name: 'handfast certificate service' }).catch(
    (error) => {
      clearInterval(timer);
      throw error;
    },
  );
  await hostCertificates(bus, validator, { onError: (error) => log?.(`certificate: ${String(error)}`) });
  return {
    instance: bus.instance,
    stop: () => {
      clearInterval(timer);
      return bus.close();
    },
  };
}

function certificates(pem: string): readonly Uint8Array[] {
  return decodePem(pem, 'CERTIFICATE');
}
