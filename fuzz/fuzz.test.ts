import { beforeAll, describe, expect, it } from 'vitest';
import { readCorpus } from './corpus.ts';
import { Fuzzer } from './fuzzer.ts';
import { minimised } from './minimise.ts';
import { editedWithin, type Plan, withExtensions } from './plan.ts';

let fuzzer: Fuzzer;

beforeAll(async () => {
  fuzzer = await Fuzzer.make(1);
});

describe('a peer that misbehaves', () => {
  it('behaves where the plan says nothing else: every handshake is confirmed', () => {
    const handshakes = fuzzer.plainPlans.filter(({ scenario }) => !scenario.startsWith('records'));
    for (const plan of handshakes) {
      const { finding, ending } = fuzzer.execute(plan);
      expect({ scenario: plan.scenario, finding }).toEqual({ scenario: plan.scenario, finding: undefined });
      expect(ending).toMatch(/^opened confirmed closed/);
    }
  });

  it('breaks no more than its connection by what is in the corpus', () => {
    for (const plan of readCorpus()) expect({ plan, finding: fuzzer.execute(plan).finding }).toEqual({ plan });
  });

  it('breaks no more than its connection by some hundred other things', () => {
    fuzzer.interesting.push(...fuzzer.plainPlans, ...readCorpus());
    for (let times = 0; times < 300; times += 1) {
      const plan = fuzzer.variation();
      expect({ plan, finding: fuzzer.execute(plan).finding }).toEqual({ plan });
    }
  });
});

describe('a plan', () => {
  // A message of 4 + 3 bytes: the outer vector of 2 bytes, and in it one of 1 byte.
  const message = Uint8Array.of(9, 0, 0, 3, 2, 1, 5);

  it('keeps lengths around an edit true', () => {
    const edit = { at: 6, cut: 1, put: 'aabb' };
    expect([...editedWithin(message, edit)]).toEqual([9, 0, 0, 4, 3, 2, 0xaa, 0xbb]);
  });

  it('changes the extensions that a message ends with, and the lengths with them', () => {
    const extensions = Uint8Array.of(8, 0, 0, 11, 0, 9, 0, 1, 0, 1, 7, 0, 2, 0, 0);
    const without = withExtensions(extensions, 0, { kind: 'drop' });
    expect([...without]).toEqual([8, 0, 0, 6, 0, 4, 0, 2, 0, 0]);
    const longer = withExtensions(extensions, 1, { kind: 'body', edit: { at: 0, cut: 0, put: 'ff' } });
    expect([...longer.subarray(-5)]).toEqual([0, 2, 0, 1, 0xff]);
  });

  it('is cut down to what makes it fail', () => {
    const repeat = { kind: 'repeat' } as const;
    const deeds = [0, 1, 2].map((on) => ({ on, deed: repeat }));
    const plan: Plan = { scenario: 'any', deeds, deliveries: [{ on: 0, edit: { at: 0, cut: 1, put: '' } }], chunk: 5 };
    const needed = (smaller: Plan) => smaller.deeds.some(({ on }) => on === 1);
    expect(minimised(plan, needed)).toEqual({
      scenario: 'any',
      deeds: [{ on: 1, deed: repeat }],
      deliveries: [],
      chunk: 0,
    });
  });
});
