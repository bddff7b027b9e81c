import type { Option } from 'commander';
import { flag } from './flag.ts';

export interface BusSecretFlag {
  readonly busSecret?: string;
}

/** For all that is on a bus. */
export function busSecretFlag(): Option {
  return flag('--bus-secret <FILE>', 'a secret that gateway and services share: who lacks it cannot take part');
}
