import type { Command } from 'commander';
import { UsageError } from '../usage-error.ts';

const yes = ['1', 'true', 'yes', 'on'];
const no = ['0', 'false', 'no', 'off'];

/**
 * Makes the variables of the flags say what people mean by them. Commander takes a variable that is merely there for a
 * switch that is on, and an empty one for an empty value; here an empty variable is none, and a switch can be off.
 */
export function tidyEnvironment(command: Command, environment: NodeJS.ProcessEnv): void {
  for (const option of command.options) {
    const name = option.envVar;
    const value = name === undefined ? undefined : environment[name];
    if (name === undefined || value === undefined) continue;
    if (value === '' || (option.isBoolean() && no.includes(value.toLowerCase()))) delete environment[name];
    else if (option.isBoolean() && !yes.includes(value.toLowerCase())) {
      throw new UsageError(`${name} is '${value}'; set it to 1 for ${option.long}, or to 0`);
    }
  }
  for (const subcommand of command.commands) tidyEnvironment(subcommand, environment);
}
