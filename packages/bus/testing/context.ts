import type { AskContext } from '@handfast/wire';

let count = 0;

/** An ask of a test, with five seconds to be answered. */
export function contextOf(parts: Partial<AskContext> = {}): AskContext {
  count += 1;
  return {
    id: `ask-${process.pid}-${count}`,
    deadline: Date.now() + 5_000,
    traceId: new Uint8Array(16).fill(1),
    spanId: new Uint8Array(8).fill(2),
    report: () => {},
    onCancel: () => {},
    ...parts,
  };
}

export interface Gate {
  readonly passed: Promise<void>;
  open(): void;
}

/** Something to wait for, until the test lets it pass. */
export function makeGate(): Gate {
  let open = (): void => {};
  const passed = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { passed, open: () => open() };
}
