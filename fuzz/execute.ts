import { TlsError } from '@handfast/wire';
import type { Party } from '../packages/handshake/testing/loopback.ts';
import { type Act, type Habit, SparringPartner } from '../packages/handshake/testing/sparring-partner.ts';
import { type Deed, edited, editedWithin, type Plan, withExtensions } from './plan.ts';
import type { Scenario } from './scenarios.ts';
import { type Account, Subject } from './subject.ts';

/** What came of one plan. */
export interface Outcome {
  /** What must not be, in words; undefined where all is well. */
  readonly finding: string | undefined;
  /** How it ended, in words that are the same for the same end. */
  readonly ending: string;
  readonly account: Account;
}

/** About twice what any handshake without misdeeds needs. */
const limits = { sentBeyondReceived: 12_000, cryptoCalls: 120, asks: 16, events: 16, cryptoCallsPerRecord: 4 } as const;

/** Carries a plan out. Whatever the peer does, the connection under test must come to an orderly end. */
export function execute({ subject: role, meet, resumes }: Scenario, plan: Plan): Outcome {
  const parties = meet();
  if (resumes) meetFirst(parties.client, parties.server);
  const subject = new Subject(parties[role]);
  const peer = new Peer(plan);
  const partner = new SparringPartner(role === 'client' ? parties.server : parties.client, peer.habit);
  const bout = new Bout(subject, partner, plan);
  let thrown: unknown;
  try {
    bout.run(() => partner.act(...peer.rest(), ...laterRequest(partner), ...farewell));
  } catch (error) {
    thrown = error;
  }
  return {
    finding: thrown === undefined ? findingIn(subject, partner) : `it threw ${describe(thrown)}`,
    ending: endingOf(subject),
    account: subject.account,
  };
}

/** A handshake without misdeeds. The client remembers its session. */
function meetFirst(one: Party, other: Party): void {
  const client = new Subject(one);
  const server = new Subject(other);
  server.connection.start();
  client.connection.start();
  for (;;) {
    const said = client.outbox.shift();
    if (said !== undefined) server.receive(said);
    const answer = server.outbox.shift();
    if (answer !== undefined) client.receive(answer);
    if (said === undefined && answer === undefined) return;
  }
}

class Bout {
  readonly #subject: Subject;
  readonly #partner: SparringPartner;
  readonly #plan: Plan;
  #deliveries = 0;

  constructor(subject: Subject, partner: SparringPartner, plan: Plan) {
    this.#subject = subject;
    this.#partner = partner;
    this.#plan = plan;
  }

  /** @param afterwards what the partner does when the handshake is over. */
  run(afterwards: () => void): void {
    const { connection } = this.#subject;
    connection.start();
    this.#partner.start();
    this.#deliver();
    if (this.#subject.opened !== undefined) connection.write(Buffer.from('ping'));
    if (this.#subject.opened?.requestClientCertificate !== undefined) connection.requestClientCertificate();
    this.#deliver();
    afterwards();
    this.#deliver();
    if (this.#subject.opened !== undefined) connection.close();
    this.#deliver();
    connection.transportEnded();
  }

  #deliver(): void {
    for (;;) {
      const said = this.#subject.outbox.shift();
      if (said !== undefined) this.#partner.receive(said);
      const answer = this.#partner.outbox.shift();
      if (answer !== undefined) this.#carry(answer);
      if (said === undefined && answer === undefined) return;
    }
  }

  #carry(answer: Uint8Array): void {
    const { deliveries, chunk } = this.#plan;
    const bytes = deliveries
      .filter(({ on }) => on === this.#deliveries)
      .reduce((so: Uint8Array, { edit }) => edited(so, edit), answer);
    this.#deliveries += 1;
    const size = chunk === 0 ? bytes.length : chunk;
    for (let at = 0; at < bytes.length; at += size) this.#subject.receive(bytes.slice(at, at + size));
  }
}

/** A server that may asks for the client's certificate once more. */
function laterRequest({ opened }: SparringPartner): readonly Act[] {
  const request = opened?.requestClientCertificate?.();
  return request === undefined ? [] : [{ kind: 'send', ...request }];
}

const farewell: readonly Act[] = [
  { kind: 'record', type: 'application_data', fragment: Buffer.from('pong') },
  { kind: 'record', type: 'alert', fragment: Uint8Array.of(1, 0) },
];

/** The misdeeds of a plan, as the habit of a sparring partner. */
class Peer {
  readonly #plan: Plan;
  #said = 0;
  #held: readonly Act[] = [];

  constructor(plan: Plan) {
    this.#plan = plan;
  }

  readonly habit: Habit = (effect) => {
    if (effect.kind !== 'send' && effect.kind !== 'send-change-cipher-spec') return [effect];
    const deeds = this.#plan.deeds.filter(({ on }) => on === this.#said);
    this.#said += 1;
    const held = this.#held;
    this.#held = [];
    const acts = deeds.reduce<readonly Act[]>((so, { deed }) => this.#done(deed, so), [effect]);
    return [...acts, ...held];
  };

  /** What is left to do once the partner has said all that it had to say. */
  rest(): readonly Act[] {
    const keyUpdate: Act = { kind: 'send', name: 'KeyUpdate', bytes: Uint8Array.of(24, 0, 0, 1, 0) };
    const late = this.#plan.deeds.filter(({ on }) => on >= this.#said);
    return late.flatMap(({ deed }) => this.#done(deed, [keyUpdate]));
  }

  #done(deed: Deed, acts: readonly Act[]): readonly Act[] {
    const first = acts.find(({ kind }) => kind === 'send');
    const instead = (change: (bytes: Uint8Array) => Uint8Array) =>
      acts.map((act) => (act === first && act.kind === 'send' ? { ...act, bytes: change(act.bytes) } : act));
    switch (deed.kind) {
      case 'edit':
        return instead((bytes) =>
          deed.lengths === 'kept' ? editedWithin(bytes, deed.edit) : edited(bytes, deed.edit),
        );
      case 'extension':
        return instead((bytes) => withExtensions(bytes, deed.index, deed.edit));
      case 'repeat':
        return [...acts, ...acts];
      case 'drop':
        return [];
      case 'delay':
        this.#held = [...this.#held, ...acts];
        return [];
      case 'insert':
        return [{ kind: 'send', name: 'KeyUpdate', bytes: handshakeMessage(deed.type, deed.body) }, ...acts];
      case 'record':
        return [{ kind: 'record', type: deed.type, fragment: Buffer.from(deed.fragment, 'hex') }, ...acts];
      case 'raw':
        return [{ kind: 'raw', bytes: Buffer.from(deed.bytes, 'hex') }, ...acts];
    }
  }
}

function handshakeMessage(type: number, body: string): Uint8Array {
  const bytes = Buffer.from(body, 'hex');
  return Buffer.concat([Uint8Array.of(type, bytes.length >> 16, bytes.length >> 8, bytes.length), bytes]);
}

function findingIn(subject: Subject, partner: SparringPartner): string | undefined {
  const { error, opened, connection, account } = subject;
  const { timeline } = connection;
  if (error !== undefined && !(error instanceof TlsError)) return `it failed with ${describe(error)}`;
  // Bugs come out as this.
  if (error?.reason === 'internal-error') return `it failed with internal-error: ${describe(error.cause ?? error)}`;
  if (account.failures > 1) return `it told ${account.failures} times that it failed`;
  if (timeline.endedAt === undefined) return `its timeline has no end, and says ${timeline.state}`;
  if (opened === undefined && timeline.state !== 'failed') return `it never opened, and says ${timeline.state}`;
  if (opened !== undefined && partner.opened !== undefined) {
    const [ours, theirs] = [opened, partner.opened].map((open) =>
      Buffer.from(open.exportKeyingMaterial('EXPERIMENTAL fuzz', new Uint8Array(0), 32)).toString('hex'),
    );
    if (ours !== theirs) return 'both ends are open, and do not agree';
  }
  const records = Math.ceil(account.received / 5);
  const bounds = [
    ['bytes sent', account.sent, limits.sentBeyondReceived + account.received],
    ['calls of the crypto provider', account.cryptoCalls, limits.cryptoCalls + limits.cryptoCallsPerRecord * records],
    ['questions to ports', account.asks, limits.asks],
    ['events', account.events, limits.events + records],
  ] as const;
  const exceeded = bounds.find(([, spent, bound]) => spent > bound);
  return exceeded && `${exceeded[1]} ${exceeded[0]}, where ${exceeded[2]} are plenty`;
}

/** Names and numbers that a peer has chosen make no difference. */
function endingOf({ error, opened, connection }: Subject): string {
  const { timeline } = connection;
  const steps = timeline.steps.map(({ name }) => name).join();
  const end =
    error === undefined
      ? 'closed'
      : `${error.reason} ${error.step} ${error.detail.replace(/\b[0-9a-f]{2,}\b|\d+/g, '#')}`;
  return `${opened === undefined ? 'failed' : 'opened'} ${timeline.state} ${end} | ${steps}`;
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
