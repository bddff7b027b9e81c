import { nativeCrypto } from '@handfast/crypto/native';
import { cipherSuite } from '@handfast/key-exchange';
import {
  HandshakeReassembler,
  maximumPlaintextLength,
  RecordReader,
  RecordWriter,
  type TrafficProtection,
  trafficProtection12,
  trafficProtection13,
} from '@handfast/record';
import { CipherSuite, ContentType, type ContentTypeName, TlsError } from '@handfast/wire';
import type { Outcome } from './execute.ts';
import { type Deed, edited, editedWithin, type Plan } from './plan.ts';

/** A stream of records for a misbehaving peer, and nothing above it. */
export interface RecordScenario {
  readonly name: string;
  readonly protection: () => TrafficProtection | undefined;
}

const key = { macKey: new Uint8Array(32).fill(1), key: new Uint8Array(16).fill(2) };

export const recordScenarios: readonly RecordScenario[] = [
  { name: 'records in the clear', protection: () => undefined },
  protectedBy('TLS_AES_128_GCM_SHA256', 12),
  protectedBy('TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256', 4),
  protectedBy('TLS_RSA_WITH_AES_128_CCM', 4),
  protectedBy('TLS_RSA_WITH_AES_128_CBC_SHA256', 0),
];

function protectedBy(name: keyof typeof CipherSuite, ivLength: number): RecordScenario {
  const suite = cipherSuite(CipherSuite[name]);
  if (suite === undefined) throw new Error(`there is no ${name}`);
  const keys = { ...key, iv: new Uint8Array(ivLength).fill(3) };
  const protection = () =>
    suite.version === 'tls13'
      ? trafficProtection13(nativeCrypto, suite.protection, keys)
      : trafficProtection12(nativeCrypto, suite.protection, keys, false);
  return { name: `records of ${name}`, protection };
}

/** Reads what has become of some records and the handshake messages in them. */
export function executeRecords({ protection }: RecordScenario, plan: Plan): Outcome {
  const reader = new RecordReader();
  const reassembler = new HandshakeReassembler();
  const [ours, theirs] = [protection(), protection()];
  if (ours !== undefined) reader.protect(ours);
  const account = { received: 0, sent: 0, cryptoCalls: 0, asks: 0, events: 0, failures: 0 };
  let content = 0;
  const endings: string[] = [];
  const finding = ((): string | undefined => {
    try {
      for (const chunk of chunksOf(plan, new Peer(plan, theirs).wire())) {
        account.received += chunk.length;
        reader.push(chunk);
        for (let record = reader.next(); record !== undefined; record = reader.next()) {
          account.events += 1;
          content += record.fragment.length;
          if (endings.at(-1) !== record.type) endings.push(record.type);
          if (record.fragment.length > maximumPlaintextLength) return `a fragment of ${record.fragment.length} bytes`;
          if (record.type !== 'handshake') continue;
          reassembler.push(record.fragment);
          while (reassembler.next() !== undefined) endings.push('message');
        }
        if (reader.buffered > account.received) return `${reader.buffered} bytes held of ${account.received}`;
      }
    } catch (error) {
      if (!(error instanceof TlsError)) return `it threw ${error instanceof Error ? error.stack : error}`;
      if (error.reason === 'internal-error') return `it failed with internal-error: ${error.detail}`;
      endings.push(error.reason);
    }
    if (content > account.received) return `${content} bytes of content in ${account.received}`;
    return undefined;
  })();
  return { finding, ending: endings.join(), account };
}

function chunksOf({ deliveries, chunk }: Plan, wire: readonly Uint8Array[]): readonly Uint8Array[] {
  return wire.flatMap((bytes, index) => {
    const arrived = deliveries
      .filter(({ on }) => on === index)
      .reduce((so: Uint8Array, { edit }) => edited(so, edit), bytes);
    const size = chunk === 0 ? arrived.length : chunk;
    return Array.from({ length: size === 0 ? 0 : Math.ceil(arrived.length / size) }, (_, at) =>
      arrived.slice(at * size, (at + 1) * size),
    );
  });
}

/** Writes records, and does with them what the plan says. */
class Peer {
  readonly #writer = new RecordWriter();
  readonly #plan: Plan;
  #held: readonly Uint8Array[] = [];

  constructor(plan: Plan, protection: TrafficProtection | undefined) {
    this.#plan = plan;
    if (protection !== undefined) this.#writer.protect(protection);
  }

  wire(): readonly Uint8Array[] {
    const longMessage = Buffer.concat([Uint8Array.of(11, 0, 0x30, 0), new Uint8Array(0x3000)]);
    const sent = [
      () => this.#record('handshake', Uint8Array.of(1, 0, 0, 3, 7, 8, 9)),
      () => this.#record('handshake', longMessage),
      () => this.#record('change_cipher_spec', Uint8Array.of(1)),
      () => this.#record('application_data', Buffer.from('ping')),
      () => this.#record('application_data', new Uint8Array(0)),
      () => this.#record('alert', Uint8Array.of(1, 0)),
    ];
    return sent.flatMap((write, on) => {
      const held = this.#held;
      this.#held = [];
      const deeds = this.#plan.deeds.filter((each) => each.on === on);
      return [...deeds.reduce<readonly Uint8Array[]>((so, { deed }) => this.#done(deed, so), [write()]), ...held];
    });
  }

  #done(deed: Deed, records: readonly Uint8Array[]): readonly Uint8Array[] {
    switch (deed.kind) {
      case 'edit':
        return records.map((each) =>
          deed.lengths === 'kept' ? editedWithin(each, deed.edit) : edited(each, deed.edit),
        );
      // Records have no extensions.
      case 'extension':
      case 'repeat':
        return [...records, ...records];
      case 'drop':
        return [];
      case 'delay':
        this.#held = [...this.#held, ...records];
        return [];
      case 'insert':
        return [
          this.#record('handshake', Buffer.from(`${deed.type.toString(16).padStart(2, '0')}${deed.body}`, 'hex')),
          ...records,
        ];
      case 'record':
        return [this.#record(deed.type, Buffer.from(deed.fragment, 'hex')), ...records];
      case 'raw':
        return [Buffer.from(deed.bytes, 'hex'), ...records];
    }
  }

  #record(type: ContentTypeName, content: Uint8Array): Uint8Array {
    try {
      this.#writer.write(type, content);
      return this.#writer.take();
    } catch {
      // What a writer refuses to send, a peer may send all the same.
      return Buffer.concat([Uint8Array.of(ContentType[type], 3, 3, content.length >> 8, content.length), content]);
    }
  }
}
