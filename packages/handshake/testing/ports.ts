// Ports that answer when, and what, a test wants.
import type { CertificateValidator } from '@handfast/certificates';
import type { KeyExchange } from '@handfast/key-exchange';
import type { SessionManager } from '@handfast/sessions';
import type { AskContext } from '@handfast/wire';
import type { Ports } from '../src/index.ts';

/** One question on its way to a port. */
export interface Question {
  /** `respond`, `validate` and so on. */
  readonly operation: string;
  readonly context: AskContext;
  /** Puts it to the real port. */
  readonly answer: () => unknown;
}

/** The same ports, with `reply` between them and whoever asks. */
export function intercepted(ports: Ports, reply: (question: Question) => unknown): Ports {
  const between = <Port extends KeyExchange | CertificateValidator | SessionManager>(port: Port): Port =>
    new Proxy(port, {
      get: (target, operation) => (request: unknown, context?: AskContext) => {
        const answer = () => Reflect.apply(methodOf(target, operation), target, [request, context]);
        // What nobody waits for is no question.
        return context === undefined ? answer() : reply({ operation: String(operation), context, answer });
      },
    });
  return {
    keyExchange: between(ports.keyExchange),
    certificates: between(ports.certificates),
    sessions: between(ports.sessions),
  };
}

function methodOf(target: object, name: string | symbol): (...given: readonly unknown[]) => unknown {
  return Reflect.get(target, name);
}

/** The same ports, where that operation's answer has other fields. */
export function answering(operation: string, fields: (answer: never) => object): (ports: Ports) => Ports {
  return (ports) =>
    intercepted(ports, (question) => {
      const answer = question.answer() as object;
      return question.operation === operation ? { ...answer, ...fields(answer as never) } : answer;
    });
}

/** The same ports, where that operation fails, at once or later. */
export function failing(
  operation: string,
  error: unknown,
  when: 'at once' | 'later' = 'later',
): (ports: Ports) => Ports {
  return (ports) =>
    intercepted(ports, (question) => {
      if (question.operation !== operation) return question.answer();
      if (when === 'later') return Promise.reject(error);
      throw error;
    });
}

export interface HeldQuestion extends Question {
  cancelled: boolean;
  /** Lets the real answer go, or a refusal. */
  release(): void;
  refuse(error: unknown): void;
}

/** Ports whose answers wait until they are released. */
export class HeldPorts {
  readonly held: HeldQuestion[] = [];

  readonly hold = (ports: Ports): Ports =>
    intercepted(ports, (question) => {
      let settle: { resolve(answer: unknown): void; reject(error: unknown): void } | undefined;
      const promise = new Promise((resolve, reject) => {
        settle = { resolve, reject };
      });
      const held: HeldQuestion = {
        ...question,
        cancelled: false,
        release: () => settle?.resolve(question.answer()),
        refuse: (error) => settle?.reject(error),
      };
      question.context.onCancel(() => {
        held.cancelled = true;
      });
      this.held.push(held);
      return promise;
    });
}

/** Lets everything happen that is only waiting for its turn. */
export async function turn(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}
