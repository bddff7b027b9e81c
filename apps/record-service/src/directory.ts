import { isDeepStrictEqual } from 'node:util';
import { RemoteCertificateValidator, RemoteKeyExchange, RemoteSessionManager } from '@handfast/bus';
import type { Credential } from '@handfast/certificates';
import { nativeCrypto } from '@handfast/crypto/native';
import { type ServerConfiguration, serverConfiguration } from '@handfast/handshake';
import { certificateCompression, now } from '@handfast/tls';
import { type AskContext, TlsError, toHex } from '@handfast/wire';
import type { RecordServiceOptions } from './options.ts';
import { patiently } from './patience.ts';

/** The three ports, as services on the bus. */
export function portsOn({ bus }: RecordServiceOptions) {
  return {
    keyExchange: new RemoteKeyExchange(bus),
    certificates: new RemoteCertificateValidator(bus),
    sessions: new RemoteSessionManager(bus),
  };
}

type ServicePorts = ReturnType<typeof portsOn>;

/** What is asked of the certificate service. */
interface Entries {
  readonly credentials: readonly Credential[];
  readonly authorities: readonly Uint8Array[];
}

/** How often the certificate service is asked again, in milliseconds. */
const defaultInterval = 10_000;

/**
 * The gateway's configuration: what it was told, and the chains, staples and authorities of the certificate service, which
 * is asked for them again and again. What is new counts for connections to come.
 */
export class Directory {
  readonly #options: RecordServiceOptions;
  readonly #ports: ServicePorts;
  #entries: Entries;
  #configuration: ServerConfiguration;
  #timer: NodeJS.Timeout | undefined;
  #isStopped = false;
  /** The last one that was told of, while it lasts. */
  #trouble: string | undefined;

  /**
   * Waits for the certificate service, and for the key exchange service, so that the first handshakes do not fail for want
   * of one.
   */
  static async open(options: RecordServiceOptions, ports: ServicePorts): Promise<Directory> {
    const complain = (trouble: string) => options.onTrouble(trouble);
    await patiently('the key exchange service', () => ports.keyExchange.offer({ groups: [] }, ownContext()), complain);
    const entries = await patiently('the certificate service', () => askFor(options, ports), complain);
    return new Directory(options, ports, entries);
  }

  private constructor(options: RecordServiceOptions, ports: ServicePorts, entries: Entries) {
    this.#options = options;
    this.#ports = ports;
    this.#entries = entries;
    this.#configuration = configurationOf(options, entries);
    this.#schedule();
  }

  get configuration(): ServerConfiguration {
    return this.#configuration;
  }

  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
  }

  #schedule(): void {
    const { directoryInterval = defaultInterval } = this.#options;
    if (!this.#isStopped) this.#timer = setTimeout(() => void this.#refresh(), directoryInterval).unref();
  }

  /** Whatever fails leaves what there was. */
  async #refresh(): Promise<void> {
    try {
      const entries = await askFor(this.#options, this.#ports);
      if (!isDeepStrictEqual(entries, this.#entries)) {
        await this.#checkKeysOf(entries.credentials);
        this.#configuration = configurationOf(this.#options, entries);
        this.#entries = entries;
      }
      this.#trouble = undefined;
    } catch (error) {
      this.#complain(error instanceof TlsError ? error.detail : String(error));
    }
    this.#schedule();
  }

  /** A chain must not be presented before its key is there, which may be brought to its place later. */
  async #checkKeysOf(credentials: readonly Credential[]): Promise<void> {
    const known = new Set(this.#entries.credentials.map(({ keyId }) => keyId));
    for (const { keyId, schemes } of credentials) {
      const [scheme] = schemes;
      if (scheme === undefined || known.has(keyId)) continue;
      await this.#ports.keyExchange.sign({ keyId, scheme, content: trial }, ownContext());
    }
  }

  #complain(detail: string): void {
    if (this.#isStopped || detail === this.#trouble) return;
    this.#trouble = detail;
    this.#options.onTrouble(`the certificates stay as they are: ${detail}`);
  }
}

/** Shorter than anything that TLS signs. */
const trial = new TextEncoder().encode('handfast: is the key of this certificate there?');

async function askFor(options: RecordServiceOptions, { certificates }: ServicePorts): Promise<Entries> {
  const credentials = options.credentials?.() ?? (await certificates.credentials(ownContext()));
  if (credentials.length === 0) {
    throw new TlsError('configuration-invalid', 'the certificate service has no certificate chain to present');
  }
  const authorities = options.clientAuthentication === 'none' ? [] : await certificates.authorities(ownContext());
  return { credentials, authorities };
}

function configurationOf(options: RecordServiceOptions, entries: Entries): ServerConfiguration {
  return serverConfiguration({
    crypto: nativeCrypto,
    ...entries,
    clientAuthentication: options.clientAuthentication,
    applicationProtocols: options.applicationProtocols,
    minVersion: options.minVersion,
    maxVersion: options.maxVersion,
    maxEarlyData: options.maxEarlyData ?? 0,
    certificateCompression,
    ...(options.cipherSuites === undefined ? {} : { cipherSuites: options.cipherSuites }),
    ...(options.groups === undefined ? {} : { groups: options.groups }),
  });
}

/** An ask outside of any handshake: a trace of its own, and nobody who cancels it. */
function ownContext(): AskContext {
  const traceId = nativeCrypto.randomBytes(16);
  return {
    id: toHex(traceId),
    deadline: now() + 2_000,
    traceId,
    spanId: nativeCrypto.randomBytes(8),
    report: () => {},
    onCancel: () => {},
  };
}
