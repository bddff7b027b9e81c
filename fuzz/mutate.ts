import { ExtensionType, HandshakeType } from '@handfast/wire';
import { type Deed, type Edit, type ExtensionEdit, type Plan, recordTypes } from './plan.ts';
import type { Random } from './random.ts';

/** Numbers that lengths, counts and code points go wrong at. */
const telling = ['00', '01', 'ff', '0000', '0001', '0100', '7fff', 'ffff', '000000', 'ffffff', '0303', '0304', '0a0a'];

const handshakeTypes = Object.values(HandshakeType).filter((type) => typeof type === 'number');
const extensionTypes = Object.values(ExtensionType).filter((type) => typeof type === 'number');

/** Alerts and such: whole contents of records that mean something. */
const fragments = [
  '01',
  '0100',
  '0228',
  '015a',
  '0164',
  '0000',
  '18000001',
  '1800000101',
  '1800000100',
  '00000000',
  '',
];

/** A plan like that one, and a little different. */
export function mutated(plan: Plan, others: readonly Plan[], random: Random): Plan {
  let result = plan;
  for (let times = 1 + random.below(3); times > 0; times -= 1) result = once(result, others, random);
  return result;
}

function once(plan: Plan, others: readonly Plan[], random: Random): Plan {
  const { deeds, deliveries } = plan;
  switch (random.below(10)) {
    case 0:
      return { ...plan, chunk: random.of([0, 0, 1, 5, 17, 1 + random.below(2000)]) };
    case 1:
      return { ...plan, deeds: without(deeds, random) };
    case 2:
      return { ...plan, deliveries: without(deliveries, random) };
    case 3:
      return { ...plan, deliveries: [...deliveries, { on: random.below(6), edit: anyEdit(random) }].slice(-3) };
    case 4: {
      const other = random.of(others);
      return { ...plan, deeds: [...deeds, ...other.deeds.slice(random.below(other.deeds.length + 1))].slice(-6) };
    }
    case 5: {
      const chosen = random.below(deeds.length + 1);
      return { ...plan, deeds: deeds.map((each, at) => (at === chosen ? nudged(each, random) : each)) };
    }
    default:
      return { ...plan, deeds: [...deeds, { on: random.below(12), deed: anyDeed(random) }].slice(-6) };
  }
}

/** The same deed to another message, or in another place. */
function nudged(each: Plan['deeds'][number], random: Random): Plan['deeds'][number] {
  const { deed } = each;
  if (random.oneIn(3)) return { ...each, on: random.below(12) };
  if (deed.kind === 'edit') {
    return { ...each, deed: { ...deed, edit: nudgedEdit(deed.edit, random) } };
  }
  if (deed.kind === 'extension' && deed.edit.kind === 'body') {
    return { ...each, deed: { ...deed, edit: { kind: 'body', edit: nudgedEdit(deed.edit.edit, random) } } };
  }
  return { ...each, deed: anyDeed(random) };
}

function nudgedEdit(edit: Edit, random: Random): Edit {
  const { at, cut, put } = edit;
  switch (random.below(3)) {
    case 0:
      return { ...edit, at: Math.max(0, at + random.below(9) - 4) };
    case 1:
      return { ...edit, cut: Math.max(0, cut + random.below(5) - 2) };
    default:
      return { ...edit, put: random.oneIn(2) ? put + random.hex(1) : put.slice(2) };
  }
}

function anyDeed(random: Random): Deed {
  switch (random.below(10)) {
    case 0:
      return { kind: random.of(['repeat', 'drop', 'delay']) };
    case 1:
      return { kind: 'insert', type: random.of(handshakeTypes), body: anyBytes(random) };
    case 2:
      return {
        kind: 'record',
        type: random.of(recordTypes),
        fragment: random.oneIn(2) ? random.of(fragments) : anyBytes(random),
      };
    case 3:
      return { kind: 'raw', bytes: anyBytes(random) };
    case 4:
    case 5:
    case 6:
      return { kind: 'extension', index: random.below(24), edit: anyExtensionEdit(random) };
    default:
      return { kind: 'edit', edit: anyEdit(random), lengths: random.of(['kept', 'kept', 'left']) };
  }
}

function anyExtensionEdit(random: Random): ExtensionEdit {
  switch (random.below(5)) {
    case 0:
      return { kind: random.of(['repeat', 'drop']) };
    case 1:
      return { kind: 'retype', type: random.oneIn(8) ? random.below(65536) : random.of(extensionTypes) };
    default:
      return { kind: 'body', edit: anyEdit(random) };
  }
}

function anyEdit(random: Random): Edit {
  // What is wrong near the beginning is met by more of what reads it.
  const at = random.below(random.of([8, 64, 256, 4096]));
  return { at, cut: random.of([0, 1, 1, 2, 3, random.below(64)]), put: anyBytes(random) };
}

function anyBytes(random: Random): string {
  switch (random.below(4)) {
    case 0:
      return '';
    case 1:
      return random.of(telling);
    case 2:
      return random.hex(1 + random.below(4));
    default:
      return random.hex(random.below(48));
  }
}

function without<T>(list: readonly T[], random: Random): readonly T[] {
  const chosen = random.below(list.length + 1);
  return list.filter((_, index) => index !== chosen);
}
