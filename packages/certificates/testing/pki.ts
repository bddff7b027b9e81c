// Certificate authorities and certificates for tests, made at run time.
import 'reflect-metadata';
import { generateKeyPairSync, type KeyObject, webcrypto } from 'node:crypto';
import {
  AuthorityInfoAccessExtension,
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsageExtension,
  type Extension,
  KeyUsageFlags,
  KeyUsagesExtension,
  PublicKey,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509CertificateGenerator,
} from '@peculiar/x509';

export {
  BasicConstraintsExtension,
  Extension,
  KeyUsageFlags,
  SubjectAlternativeNameExtension,
} from '@peculiar/x509';

export type KeyKind = keyof typeof generators;

/** A certificate with its private key, and what a peer would send of it. */
export interface Issued {
  /** Certificate, DER and PEM. */
  readonly der: Uint8Array;
  readonly pem: string;
  /** Private key, PKCS#8, DER and PEM. */
  readonly pkcs8: Uint8Array;
  readonly keyPem: string;
  /** The certificate and its issuers without the root, DER and PEM. */
  readonly chain: readonly Uint8Array[];
  readonly chainPem: string;
  readonly subject: string;
  readonly kind: KeyKind;
  readonly keys: Keys;
}

export interface IssueOptions {
  readonly kind?: KeyKind;
  /** RFC 4514 string; by default `CN=` and the first name. */
  readonly subject?: string;
  /** DNS names and IP addresses for subjectAltName. */
  readonly names?: readonly string[];
  /** Undefined for a certificate that signs itself. */
  readonly issuer?: Issued | undefined;
  /** Makes it a CA. */
  readonly ca?: { readonly pathLength?: number };
  /** Null leaves the extension out; by default digitalSignature, or keyCertSign and cRLSign for a CA. */
  readonly keyUsage?: KeyUsageFlags | null;
  /** Dotted OIDs. */
  readonly extKeyUsage?: readonly string[];
  readonly notBefore?: Date;
  readonly notAfter?: Date;
  readonly hash?: 'SHA-1' | 'SHA-256' | 'SHA-384' | 'SHA-512';
  /** URL of the issuer's certificate, for authorityInfoAccess. */
  readonly caIssuers?: string;
  /** Keys to take instead of new ones. */
  readonly keys?: Keys;
  /** Further extensions. */
  readonly extensions?: readonly Extension[];
}

/** A root, an intermediate CA that it issued, and what this issued. All that is not said to be bad is valid today. */
export interface Pki {
  readonly root: Issued;
  readonly intermediate: Issued;
  /** One per kind, for `serverNames`. */
  readonly servers: Readonly<Partial<Record<KeyKind, Issued>>>;
  /** One per kind, `CN=client <kind>,O=Handfast`, with the DNS name `client.example`. */
  readonly clients: Readonly<Partial<Record<KeyKind, Issued>>>;
  /** The server of the first kind. */
  readonly server: Issued;
  /** The client of the first kind. */
  readonly client: Issued;
  readonly expired: Issued;
  readonly notYetValid: Issued;
  /** For `wrong.example` alone. */
  readonly wrongName: Issued;
  /** A server certificate for `serverNames` that signed itself. */
  readonly selfSigned: Issued;
}

export const serverNames: readonly string[] = ['localhost', 'example.org', '*.wild.example.org', '127.0.0.1', '::1'];
export const serverAuth = '1.3.6.1.5.5.7.3.1';
export const clientAuth = '1.3.6.1.5.5.7.3.2';

/**
 * Makes a PKI.
 * @param kinds of the end entities' keys; the CAs have P-256.
 */
export async function makePki({ kinds = ['ecdsa-p256'] }: { readonly kinds?: readonly KeyKind[] } = {}): Promise<Pki> {
  const [first = 'ecdsa-p256'] = kinds;
  const root = await issue({ subject: 'CN=Handfast Test Root,O=Handfast', ca: {} });
  const intermediate = await issue({ subject: 'CN=Handfast Test CA,O=Handfast', ca: { pathLength: 0 }, issuer: root });
  const serverOptions = { names: serverNames, issuer: intermediate, extKeyUsage: [serverAuth] };
  const clientOptions = { names: ['client.example'], issuer: intermediate, extKeyUsage: [clientAuth] };
  const servers: Partial<Record<KeyKind, Issued>> = {};
  const clients: Partial<Record<KeyKind, Issued>> = {};
  for (const kind of kinds) {
    servers[kind] = await issue({ ...serverOptions, kind });
    clients[kind] = await issue({ ...clientOptions, kind, subject: `CN=client ${kind},O=Handfast` });
  }
  return {
    root,
    intermediate,
    servers,
    clients,
    server: servers[first] ?? (await issue({ ...serverOptions, kind: first })),
    client: clients[first] ?? (await issue({ ...clientOptions, kind: first })),
    expired: await issue({ ...serverOptions, kind: first, notBefore: days(-30), notAfter: days(-1) }),
    notYetValid: await issue({ ...serverOptions, kind: first, notBefore: days(1), notAfter: days(30) }),
    wrongName: await issue({ ...serverOptions, kind: first, names: ['wrong.example'] }),
    selfSigned: await issue({ names: serverNames, kind: first, extKeyUsage: [serverAuth] }),
  };
}

/** Makes one certificate with a new key, valid from yesterday for 90 days. */
export async function issue(options: IssueOptions): Promise<Issued> {
  const { kind = 'ecdsa-p256', names = [], issuer, notBefore = days(-1), notAfter = days(90) } = options;
  const keys = options.keys ?? keysOf(kind);
  const { subject = `CN=${names[0] ?? 'nameless'}` } = options;
  const signer = issuer ?? { subject, keys, kind };
  const publicKey = new PublicKey(keys.publicKey.export({ format: 'der', type: 'spki' }));
  const certificate = await X509CertificateGenerator.create(
    {
      subject: inEncodingOrder(subject),
      issuer: inEncodingOrder(signer.subject),
      notBefore,
      notAfter,
      publicKey,
      signingKey: await signingKeyOf(signer.keys, signer.kind, options.hash ?? 'SHA-256'),
      signingAlgorithm: signingAlgorithmOf(signer.kind, options.hash ?? 'SHA-256'),
      extensions: [
        ...(await keyIdentifiers(publicKey, issuer)),
        ...extensionsOf(options, names),
        ...(options.extensions ?? []),
      ],
    },
    webcrypto,
  );
  const pem = `${certificate.toString('pem')}\n`;
  const der = new Uint8Array(certificate.rawData);
  const isRoot = issuer === undefined && options.ca !== undefined;
  return {
    der,
    pem,
    pkcs8: new Uint8Array(keys.privateKey.export({ format: 'der', type: 'pkcs8' })),
    keyPem: keys.privateKey.export({ format: 'pem', type: 'pkcs8' }).toString(),
    // A root is trusted, not sent.
    chain: isRoot ? [] : [der, ...(issuer?.chain ?? [])],
    chainPem: isRoot ? '' : pem + (issuer?.chainPem ?? ''),
    subject,
    kind,
    keys,
  };
}

export interface Keys {
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

const generators = {
  'ecdsa-p256': () => generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  'ecdsa-p384': () => generateKeyPairSync('ec', { namedCurve: 'P-384' }),
  'ecdsa-p521': () => generateKeyPairSync('ec', { namedCurve: 'P-521' }),
  ed25519: () => generateKeyPairSync('ed25519'),
  'rsa-2048': () => generateKeyPairSync('rsa', { modulusLength: 2048 }),
  'rsa-1024': () => generateKeyPairSync('rsa', { modulusLength: 1024 }),
  /** For end entities only: what issues here knows no RSASSA-PSS keys. */
  'rsa-pss-2048': () => generateKeyPairSync('rsa-pss', { modulusLength: 2048 }),
} as const satisfies Readonly<Record<string, () => Keys>>;

const slowKeys = new Map<KeyKind, Keys>();

/** New keys, or for RSA, which takes a second to make, the same ones again. */
function keysOf(kind: KeyKind): Keys {
  if (!kind.startsWith('rsa')) return generators[kind]();
  const keys = slowKeys.get(kind) ?? generators[kind]();
  slowKeys.set(kind, keys);
  return keys;
}

const curves: Readonly<Partial<Record<KeyKind, string>>> = {
  'ecdsa-p256': 'P-256',
  'ecdsa-p384': 'P-384',
  'ecdsa-p521': 'P-521',
};

async function signingKeyOf({ privateKey }: Keys, kind: KeyKind, hash: string): Promise<webcrypto.CryptoKey> {
  const pkcs8 = privateKey.export({ format: 'der', type: 'pkcs8' });
  const namedCurve = curves[kind];
  if (kind === 'ed25519') return webcrypto.subtle.importKey('pkcs8', pkcs8, 'Ed25519', true, ['sign']);
  const algorithm = namedCurve === undefined ? { name: 'RSASSA-PKCS1-v1_5', hash } : { name: 'ECDSA', namedCurve };
  return webcrypto.subtle.importKey('pkcs8', pkcs8, algorithm, true, ['sign']);
}

function signingAlgorithmOf(kind: KeyKind, hash: string): { readonly name: string; readonly hash?: string } {
  if (kind === 'ed25519') return { name: 'Ed25519' };
  return { name: kind in curves ? 'ECDSA' : 'RSASSA-PKCS1-v1_5', hash };
}

/** RFC 4514 begins with what the encoding ends with. */
function inEncodingOrder(name: string): string {
  return name.split(',').reverse().join(',');
}

async function keyIdentifiers(publicKey: PublicKey, issuer: Issued | undefined): Promise<readonly Extension[]> {
  const own = await SubjectKeyIdentifierExtension.create(publicKey, false, webcrypto);
  if (issuer === undefined) return [own];
  const issuerKey = new PublicKey(issuer.keys.publicKey.export({ format: 'der', type: 'spki' }));
  return [own, await AuthorityKeyIdentifierExtension.create(issuerKey, false, webcrypto)];
}

function extensionsOf(options: IssueOptions, names: readonly string[]): readonly Extension[] {
  const { ca, extKeyUsage, caIssuers } = options;
  const usual = ca === undefined ? KeyUsageFlags.digitalSignature : KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign;
  const { keyUsage = usual } = options;
  const isIp = (name: string): boolean => name.includes(':') || /^[\d.]+$/.test(name);
  const altNames = names.map((value) => ({ type: isIp(value) ? ('ip' as const) : ('dns' as const), value }));
  return [
    ...(ca === undefined ? [] : [new BasicConstraintsExtension(true, ca.pathLength, true)]),
    ...(keyUsage === null ? [] : [new KeyUsagesExtension(keyUsage, true)]),
    ...(extKeyUsage === undefined ? [] : [new ExtendedKeyUsageExtension([...extKeyUsage])]),
    ...(altNames.length === 0 ? [] : [new SubjectAlternativeNameExtension(altNames)]),
    ...(caIssuers === undefined ? [] : [new AuthorityInfoAccessExtension({ caIssuers })]),
  ];
}

function days(count: number): Date {
  return new Date(Date.now() + count * 86_400_000);
}
