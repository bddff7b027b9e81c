import type {
  Credential,
  DelegatedKey,
  Identity,
  RejectedVerdict,
  ValidationRequest,
  Verdict,
} from '@handfast/certificates';
import type { PublicKeyKind } from '@handfast/crypto';
import { alertOfReason } from '@handfast/wire';
import { handfast } from '../generated/handfast.js';
import {
  atMost,
  codePoint,
  filled,
  finite,
  limited,
  nameOf,
  nothing,
  type OperationCodec,
  present,
  text,
} from './codec.ts';

const proto = handfast.v1;

/** CertificateEntry.cert_data and the lists of certificates have lengths of 24 bits. */
const maximumCertificate = 0xff_ffff;
const maximumName = 0xffff;
/** What a certificate can hold of names, whoever made it. */
const maximumText = 2 ** 20;
const maximumItems = 65_536;

const purposes = {
  server: proto.Purpose.PURPOSE_SERVER,
  client: proto.Purpose.PURPOSE_CLIENT,
} as const satisfies Record<ValidationRequest['purpose'], number>;

const keyUses = {
  sign: proto.KeyUse.KEY_USE_SIGN,
  decrypt: proto.KeyUse.KEY_USE_DECRYPT,
} as const satisfies Record<NonNullable<ValidationRequest['keyUse']>, number>;

const keyKinds = {
  'ecdsa-p256': proto.KeyKind.KEY_KIND_ECDSA_P256,
  'ecdsa-p384': proto.KeyKind.KEY_KIND_ECDSA_P384,
  'ecdsa-p521': proto.KeyKind.KEY_KIND_ECDSA_P521,
  ed25519: proto.KeyKind.KEY_KIND_ED25519,
  rsa: proto.KeyKind.KEY_KIND_RSA,
  'rsa-pss': proto.KeyKind.KEY_KIND_RSA_PSS,
} as const satisfies Record<PublicKeyKind, number>;

const issuerRules = {
  any: proto.Issuers.ISSUERS_ANY,
  listed: proto.Issuers.ISSUERS_LISTED,
} as const satisfies Record<NonNullable<Credential['issuers']>, number>;

export const validateCodec: OperationCodec<ValidationRequest, Verdict> = {
  request: {
    encode: (request) =>
      proto.ValidateRequest.encode({
        chain: [...request.chain],
        purpose: purposes[request.purpose],
        keyUse: request.keyUse === undefined ? proto.KeyUse.KEY_USE_UNSPECIFIED : keyUses[request.keyUse],
        serverName: request.serverName ?? null,
        time: request.time,
        ocspResponse: request.ocspResponse ?? null,
        signedCertificateTimestamps: [...request.signedCertificateTimestamps],
      }).finish(),
    decode: (bytes) => {
      const message = proto.ValidateRequest.decode(bytes);
      return {
        chain: certificates(message.chain, 'chain', limited),
        purpose: nameOf(purposes, message.purpose, 'purpose'),
        keyUse: message.keyUse ? nameOf(keyUses, message.keyUse, 'key_use') : undefined,
        serverName: message.serverName ?? undefined,
        time: finite(message.time, 'time'),
        ocspResponse: message.ocspResponse ?? undefined,
        signedCertificateTimestamps: atMost(message.signedCertificateTimestamps, 'timestamps', maximumItems),
      };
    },
  },
  answer: {
    encode: (verdict) =>
      proto.ValidateReply.encode(
        verdict.trusted
          ? { trusted: { path: [...verdict.path], identity: encodeIdentity(verdict.identity) } }
          : { rejected: { ...verdict, certificate: verdict.certificate ?? null, path: [...(verdict.path ?? [])] } },
      ).finish(),
    decode: (bytes) => {
      const { trusted, rejected } = proto.ValidateReply.decode(bytes);
      if (trusted) {
        const { path, identity } = proto.Trusted.create(trusted);
        return {
          trusted: true,
          path: certificates(path, 'path'),
          identity: decodeIdentity(present(identity, 'identity')),
        };
      }
      return decodeRejection(present(rejected, 'verdict'));
    },
  },
};

export const credentialsCodec: OperationCodec<undefined, readonly Credential[]> = {
  request: nothing(proto.CredentialsRequest),
  answer: {
    encode: (credentials) =>
      proto.CredentialsReply.encode({
        credentials: credentials.map(encodeCredential),
      }).finish(),
    decode: (bytes) =>
      atMost(proto.CredentialsReply.decode(bytes).credentials, 'credentials', maximumItems).map(decodeCredential),
  },
};

export const authoritiesCodec: OperationCodec<undefined, readonly Uint8Array[]> = {
  request: nothing(proto.AuthoritiesRequest),
  answer: {
    encode: (names) => proto.AuthoritiesReply.encode({ names: [...names] }).finish(),
    decode: (bytes) =>
      atMost(proto.AuthoritiesReply.decode(bytes).names, 'names', maximumItems).map((name) =>
        filled(name, 'name', maximumName),
      ),
  },
};

function encodeCredential(credential: Credential): handfast.v1.Credential.$Properties {
  const {
    keyId,
    chain,
    names,
    keyKind,
    schemes,
    issuers,
    ocspResponse,
    signedCertificateTimestamps = [],
    delegated,
  } = credential;
  return {
    keyId,
    chain: [...chain],
    names: [...names],
    keyKind: keyKinds[keyKind],
    schemes: [...schemes],
    issuers: issuers === undefined ? proto.Issuers.ISSUERS_UNSPECIFIED : issuerRules[issuers],
    ocspResponse: ocspResponse ?? null,
    signedCertificateTimestamps: [...signedCertificateTimestamps],
    delegated: delegated ?? null,
  };
}

function decodeCredential(entry: handfast.v1.Credential.$Properties): Credential {
  const { keyId, chain, names, keyKind, schemes, ...rest } = proto.Credential.create(entry);
  const timestamps = atMost(rest.signedCertificateTimestamps, 'timestamps', maximumItems);
  return {
    keyId: text(keyId, 'key_id', 64),
    chain: certificates(chain, 'chain'),
    names: texts(names, 'names'),
    keyKind: nameOf(keyKinds, keyKind, 'key_kind'),
    schemes: atMost(schemes, 'schemes', maximumItems).map((scheme) => codePoint(scheme, 'scheme')),
    issuers: rest.issuers ? nameOf(issuerRules, rest.issuers, 'issuers') : undefined,
    ocspResponse: rest.ocspResponse ? filled(rest.ocspResponse, 'ocsp_response', maximumCertificate) : undefined,
    signedCertificateTimestamps: timestamps.length === 0 ? undefined : timestamps,
    delegated: rest.delegated ? decodeDelegatedKey(rest.delegated) : undefined,
  };
}

function decodeDelegatedKey(key: handfast.v1.DelegatedKey.$Properties): DelegatedKey {
  const { credential, keyId, scheme, credentialScheme, expires } = proto.DelegatedKey.create(key);
  return {
    credential: filled(credential, 'credential', maximumCertificate),
    keyId: text(keyId, 'key_id', 64),
    scheme: codePoint(scheme, 'scheme'),
    credentialScheme: codePoint(credentialScheme, 'credential_scheme'),
    expires: finite(expires, 'expires'),
  };
}

function decodeRejection(rejected: handfast.v1.Rejected.$Properties): RejectedVerdict {
  const { reason, certificate, detail, rule, path } = proto.Rejected.create(rejected);
  return {
    trusted: false,
    reason: certificateReason(reason),
    certificate: certificate ? decodeCertificate(certificate) : undefined,
    detail: text(detail, 'detail', maximumText),
    rule: text(rule, 'rule', maximumText),
    path: path.length === 0 ? undefined : certificates(path, 'path'),
  };
}

function decodeCertificate(certificate: handfast.v1.RejectedCertificate.$Properties): RejectedVerdict['certificate'] {
  const { subject, depth } = proto.RejectedCertificate.create(certificate);
  return { subject: text(subject, 'subject', maximumText), depth };
}

function certificateReason(reason: string): RejectedVerdict['reason'] {
  if (!reason.startsWith('certificate-') || !Object.hasOwn(alertOfReason, reason)) {
    throw new RangeError('reason is no certificate reason');
  }
  return reason as RejectedVerdict['reason'];
}

function encodeIdentity(identity: Identity): handfast.v1.Identity.$Properties {
  const { dnsNames, ipAddresses = [], emails = [], uris = [], spiffeId = null, name = null } = identity;
  const names = { dnsNames: [...dnsNames], ipAddresses: [...ipAddresses], emails: [...emails], uris: [...uris] };
  return { ...identity, ...names, spiffeId, name };
}

function decodeIdentity(identity: handfast.v1.Identity.$Properties): Identity {
  const message = proto.Identity.create(identity);
  return {
    subject: text(message.subject, 'subject', maximumText),
    issuer: text(message.issuer, 'issuer', maximumText),
    serialNumber: text(message.serialNumber, 'serial_number', maximumText),
    dnsNames: texts(message.dnsNames, 'dns_names'),
    ipAddresses: texts(message.ipAddresses, 'ip_addresses'),
    emails: texts(message.emails, 'emails'),
    uris: texts(message.uris, 'uris'),
    spiffeId: optionalText(message.spiffeId, 'spiffe_id'),
    name: optionalText(message.name, 'name'),
    fingerprint: text(message.fingerprint, 'fingerprint', 64),
    notBefore: finite(message.notBefore, 'not_before'),
    notAfter: finite(message.notAfter, 'not_after'),
  };
}

/** @param check of each certificate; what a TLS peer sent is only `limited`, as the port says what is wrong with it. */
function certificates(chain: readonly Uint8Array[], name: string, check = filled): readonly Uint8Array[] {
  if (chain.length === 0) throw new RangeError(`${name} is empty`);
  for (const certificate of atMost(chain, name, maximumItems)) check(certificate, 'certificate', maximumCertificate);
  return chain;
}

function texts(values: readonly string[], name: string): readonly string[] {
  for (const value of atMost(values, name, maximumItems)) text(value, name, maximumText);
  return values;
}

function optionalText(value: string | null | undefined, name: string): string | undefined {
  return value === null || value === undefined ? undefined : text(value, name, maximumText);
}
