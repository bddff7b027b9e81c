import { mkdtempSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type NatsServer, natsServerBinary, startNatsServer } from '@handfast/bus/testing';
import type { Certificates, Identity } from './certificates.ts';
import { Program } from './processes.ts';
import { type TraceStore, traceFile } from './traces.ts';

const main = resolve(import.meta.dirname, '../../apps/cli/src/main.ts');

/** Milliseconds that a hook may take which starts processes: all of them compete for a few cores. */
export const startTimeout = 60_000;

/** Runs `handfast` in one process: what `bin/handfast.js` starts. */
export function handfast(...args: readonly string[]): Program {
  return new Program(process.execPath, ['--conditions=handfast-source', main, ...args]);
}

/** Where the work of a handshake is done: in the gateway, or in services that are processes of their own. */
export const forms = ['embedded', 'over NATS'] as const;

export type Form = (typeof forms)[number];

/** What a form needs and this machine has not; undefined where it can run. */
export function lacking(form: Form): string | undefined {
  return form === 'over NATS' && natsServerBinary() === undefined ? 'no nats-server on PATH' : undefined;
}

/** The name of a group of tests in one form, which says why it is skipped where it is. */
export function titleOf(form: Form): string {
  const reason = lacking(form);
  return reason === undefined ? form : `${form} (skipped: ${reason})`;
}

export interface Gateway {
  readonly port: number;
  readonly program: Program;
  readonly traceFile: string;
  readonly traces: TraceStore;
}

export const serviceNames = ['key-exchange', 'certificate', 'session'] as const;

export type Service = (typeof serviceNames)[number];

export interface StackOptions<Name extends string> {
  readonly form: Form;
  readonly certificates: Certificates;
  /** Chains to present, in order of preference. */
  readonly credentials: readonly Identity[];
  /** Keys that the key exchange service holds beside those of the credentials. */
  readonly otherKeys?: readonly Identity[];
  readonly upstreamPort: number;
  /** One gateway for each name, with these flags of `handfast serve`. */
  readonly gateways: Readonly<Record<Name, readonly string[]>>;
}

/** Gateways, and behind them what their form needs. */
export class Stack<Name extends string = string> {
  readonly gateways: Readonly<Record<Name, Gateway>>;
  /** The NATS server's URL; undefined where the services are embedded. */
  readonly bus: string | undefined;
  readonly #options: StackOptions<Name>;
  readonly #nats: NatsServer | undefined;
  readonly #services: Map<Service, Program>;
  readonly #folder: string;

  private constructor(
    options: StackOptions<Name>,
    folder: string,
    nats: NatsServer | undefined,
    services: Map<Service, Program>,
    gateways: Readonly<Record<Name, Gateway>>,
  ) {
    this.#options = options;
    this.#folder = folder;
    this.#nats = nats;
    this.#services = services;
    this.bus = nats?.url;
    this.gateways = gateways;
  }

  static async start<Name extends string>(options: StackOptions<Name>): Promise<Stack<Name>> {
    const folder = mkdtempSync(join(options.certificates.folder, 'stack-'));
    const nats = options.form === 'embedded' ? undefined : await startNatsServer();
    try {
      const services = new Map(
        nats === undefined ? [] : serviceNames.map((name) => [name, startService(name, nats.url, options)] as const),
      );
      // All at once: a gateway waits for the services that it needs.
      const names = Object.keys(options.gateways) as Name[];
      const started = await Promise.all(names.map((name) => startGateway(name, folder, nats?.url, options)));
      await Promise.all([...services.values()].map(serviceIsReady));
      const gateways = Object.fromEntries(names.map((name, index) => [name, started[index]])) as Record<Name, Gateway>;
      return new Stack(options, folder, nats, services, gateways);
    } catch (error) {
      await nats?.stop();
      throw error;
    }
  }

  service(name: Service): Program {
    const program = this.#services.get(name);
    if (program === undefined) throw new Error(`${this.#options.form}, there is no ${name} process`);
    return program;
  }

  /** Starts a service in the place of one that has ended. */
  async restart(name: Service): Promise<void> {
    if (this.bus === undefined) throw new Error('embedded services cannot be restarted');
    const program = startService(name, this.bus, this.#options);
    this.#services.set(name, program);
    await serviceIsReady(program);
  }

  /** Stops everything, and resolves with the exit codes of gateways and services. */
  async stop(): Promise<readonly (number | NodeJS.Signals | null)[]> {
    const gateways = Object.values<Gateway>(this.gateways).map(({ program }) => program);
    const codes = await Promise.all(gateways.map((program) => program.stop()));
    codes.push(...(await Promise.all([...this.#services.values()].map((program) => program.stop()))));
    await this.#nats?.stop();
    rmSync(this.#folder, { recursive: true, force: true });
    return codes;
  }
}

async function startGateway<Name extends string>(
  name: Name,
  folder: string,
  bus: string | undefined,
  { certificates, credentials, upstreamPort, gateways }: StackOptions<Name>,
): Promise<Gateway> {
  const path = join(folder, `${name}.otlp.jsonl`);
  const services =
    bus === undefined
      ? [...chainFlags(credentials), ...keyFlags(credentials), '--client-ca', certificates.root]
      : ['--bus', bus];
  const program = handfast(
    'serve',
    ...['--listen', '127.0.0.1:0', '--upstream', `127.0.0.1:${upstreamPort}`, '--trace-file', path],
    ...services,
    ...gateways[name],
  );
  const [, port] = await program.untilPrinted(/listening on 127\.0\.0\.1:(\d+)/);
  return { port: Number(port), program, traceFile: path, traces: traceFile(path) };
}

function startService<Name extends string>(
  name: Service,
  bus: string,
  { certificates, credentials, otherKeys = [] }: StackOptions<Name>,
): Program {
  const flags = {
    'key-exchange': keyFlags([...credentials, ...otherKeys]),
    certificate: [...chainFlags(credentials), '--client-ca', certificates.root],
    session: [],
  } as const satisfies Record<Service, readonly string[]>;
  return handfast('service', name, '--bus', bus, ...flags[name]);
}

async function serviceIsReady(program: Program): Promise<void> {
  await program.untilPrinted(/service answers on/);
}

const chainFlags = (identities: readonly Identity[]) => identities.flatMap(({ chain }) => ['--cert', chain]);
const keyFlags = (identities: readonly Identity[]) => identities.flatMap(({ key }) => ['--key', key]);
