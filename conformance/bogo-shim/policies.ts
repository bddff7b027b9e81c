import type { Credential } from '@handfast/certificates';
import { CipherSuite, NamedGroup, SignatureScheme } from '@handfast/wire';
import type { Settings } from './arguments.ts';

/** What a policy narrows. Code points in order of preference. */
interface Lists {
  readonly cipherSuites: readonly number[];
  readonly groups: readonly number[];
  readonly signatureSchemes: readonly number[];
}

interface Configured extends Lists {
  readonly credentials: readonly Credential[];
}

/** BoringSSL's presets, `ssl_compliance_policy_t`, by their options: nothing but lists, which this stack has to keep to. */
const policies = {
  '-fips-202205': {
    cipherSuites: [
      CipherSuite.TLS_AES_128_GCM_SHA256,
      CipherSuite.TLS_AES_256_GCM_SHA384,
      CipherSuite.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
      CipherSuite.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
      CipherSuite.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
      CipherSuite.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
    ],
    groups: [NamedGroup.secp256r1, NamedGroup.secp384r1],
    signatureSchemes: [
      SignatureScheme.rsa_pss_rsae_sha256,
      SignatureScheme.rsa_pss_rsae_sha384,
      SignatureScheme.rsa_pss_rsae_sha512,
      SignatureScheme.rsa_pkcs1_sha256,
      SignatureScheme.rsa_pkcs1_sha384,
      SignatureScheme.rsa_pkcs1_sha512,
      SignatureScheme.ecdsa_secp256r1_sha256,
      SignatureScheme.ecdsa_secp384r1_sha384,
    ],
  },
  '-wpa-202304': {
    cipherSuites: [
      CipherSuite.TLS_AES_256_GCM_SHA384,
      CipherSuite.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
      CipherSuite.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
    ],
    groups: [NamedGroup.secp384r1],
    signatureSchemes: [
      SignatureScheme.rsa_pss_rsae_sha384,
      SignatureScheme.rsa_pss_rsae_sha512,
      SignatureScheme.rsa_pkcs1_sha384,
      SignatureScheme.rsa_pkcs1_sha512,
      SignatureScheme.ecdsa_secp384r1_sha384,
    ],
  },
  '-cnsa1-202603': {
    cipherSuites: [
      CipherSuite.TLS_AES_256_GCM_SHA384,
      CipherSuite.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
      CipherSuite.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
      CipherSuite.TLS_RSA_WITH_AES_256_GCM_SHA384,
    ],
    groups: [NamedGroup.MLKEM1024, NamedGroup.secp384r1],
    signatureSchemes: [
      SignatureScheme.rsa_pss_rsae_sha384,
      SignatureScheme.rsa_pkcs1_sha384,
      SignatureScheme.ecdsa_secp384r1_sha384,
    ],
  },
  /** Of TLS 1.2 it leaves no cipher suite. */
  '-cnsa2-202603': {
    cipherSuites: [CipherSuite.TLS_AES_256_GCM_SHA384],
    groups: [NamedGroup.MLKEM1024],
    signatureSchemes: [SignatureScheme.rsa_pss_rsae_sha384, SignatureScheme.ecdsa_secp384r1_sha384],
  },
} as const satisfies Readonly<Record<string, Lists>>;

/** The lists as a policy leaves them, if one is asked for. */
export function policyOf(settings: Settings, configured: Configured): Configured {
  if (settings['-cnsa-202407']) return { ...configured, cipherSuites: strongestFirst(configured.cipherSuites) };
  const name = (['-fips-202205', '-wpa-202304', '-cnsa1-202603', '-cnsa2-202603'] as const).find(
    (each) => settings[each],
  );
  if (name === undefined) return configured;
  const policy: Lists = policies[name];
  const credentials = configured.credentials.map((credential) => ({
    ...credential,
    schemes: credential.schemes.filter((scheme) => policy.signatureSchemes.includes(scheme)),
  }));
  return { ...policy, credentials };
}

function strongestFirst(cipherSuites: readonly number[]): readonly number[] {
  const first = CipherSuite.TLS_AES_256_GCM_SHA384;
  return [first, ...cipherSuites.filter((code) => code !== first)];
}
