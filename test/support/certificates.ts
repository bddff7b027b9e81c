import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  clientAuth,
  type Issued,
  issue,
  type KeyKind,
  KeyUsageFlags,
  serverAuth,
} from '@handfast/certificates/testing';

/** Kinds of end-entity keys that are tried against every peer. */
export const kinds = ['ecdsa-p256', 'ecdsa-p384', 'ecdsa-p521', 'ed25519', 'rsa-2048', 'rsa-pss-2048'] as const;

export type Kind = (typeof kinds)[number] & KeyKind;

/** A certificate, and where its files are. */
export interface Identity {
  readonly issued: Issued;
  /** PEM: the chain without the root, the end entity alone, the private key. */
  readonly chain: string;
  readonly leaf: string;
  readonly key: string;
}

/** Certificates in a folder of their own. */
export interface Certificates {
  readonly folder: string;
  /** PEM files of the trust anchor, and of the intermediate that issued everything else. */
  readonly root: string;
  readonly intermediate: string;
  readonly rootPem: string;
  readonly rootDer: Uint8Array;
  /** Each for its own name (see `nameOf`), and for `localhost` and 127.0.0.1. */
  readonly servers: Readonly<Record<Kind, Identity>>;
  /** `CN=client <kind>,O=Handfast` */
  readonly clients: Readonly<Record<Kind, Identity>>;
  /** Clients: of a CA that nobody trusts, and one whose time is over. */
  readonly stranger: Identity;
  readonly expired: Identity;
  /** Servers, alike. */
  readonly foreignServer: Identity;
  readonly outdatedServer: Identity;
  remove(): void;
}

/** The host name that the server certificate of that kind has for itself. */
export function nameOf(kind: Kind): string {
  return `${kind}.example`;
}

export async function makeCertificates(): Promise<Certificates> {
  const folder = mkdtempSync(join(tmpdir(), 'handfast-test-'));
  const write = (name: string, text: string): string => {
    const path = join(folder, name);
    writeFileSync(path, text, { mode: 0o600 });
    return path;
  };
  const save = (name: string, issued: Issued): Identity => ({
    issued,
    chain: write(`${name}.chain.pem`, issued.chainPem),
    leaf: write(`${name}.pem`, issued.pem),
    key: write(`${name}.key`, issued.keyPem),
  });
  const root = await issue({ subject: 'CN=Handfast Test Root,O=Handfast', ca: {} });
  const issuer = await issue({ subject: 'CN=Handfast Test CA,O=Handfast', ca: { pathLength: 0 }, issuer: root });
  const client = { issuer, extKeyUsage: [clientAuth] };
  const server = { issuer, extKeyUsage: [serverAuth], names: ['localhost', '127.0.0.1'] };
  const strangers = await issue({ subject: 'CN=Nobody', ca: {} });
  return {
    folder,
    root: write('root.pem', root.pem),
    intermediate: write('intermediate.pem', issuer.pem),
    rootPem: root.pem,
    rootDer: root.der,
    servers: await ofEachKind(async (kind) => {
      const names = [nameOf(kind), ...server.names];
      // NSS wants keyEncipherment of a key that could transport others, in every version.
      const keyUsage = kind === 'rsa-2048' ? KeyUsageFlags.digitalSignature | KeyUsageFlags.keyEncipherment : undefined;
      return save(`server-${kind}`, await issue({ ...server, kind, names, ...(keyUsage && { keyUsage }) }));
    }),
    clients: await ofEachKind(async (kind) =>
      save(`client-${kind}`, await issue({ ...client, kind, subject: clientSubject(kind) })),
    ),
    stranger: save('stranger', await issue({ ...client, issuer: strangers, subject: 'CN=stranger' })),
    expired: save('expired', await issue({ ...client, subject: 'CN=expired', ...lastMonth() })),
    foreignServer: save('foreign', await issue({ ...server, issuer: strangers })),
    outdatedServer: save('outdated', await issue({ ...server, ...lastMonth() })),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

export function clientSubject(kind: Kind): string {
  return `CN=client ${kind},O=Handfast`;
}

async function ofEachKind(make: (kind: Kind) => Promise<Identity>): Promise<Readonly<Record<Kind, Identity>>> {
  const made: Partial<Record<Kind, Identity>> = {};
  for (const kind of kinds) made[kind] = await make(kind);
  return made as Record<Kind, Identity>;
}

function lastMonth(): { readonly notBefore: Date; readonly notAfter: Date } {
  const day = 86_400_000;
  return { notBefore: new Date(Date.now() - 30 * day), notAfter: new Date(Date.now() - day) };
}
