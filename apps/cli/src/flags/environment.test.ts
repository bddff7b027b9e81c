import { describe, expect, it } from 'vitest';
import { createProgram } from '../program.ts';
import { UsageError } from '../usage-error.ts';
import { tidyEnvironment } from './environment.ts';

describe('tidyEnvironment', () => {
  it('makes no difference between an empty variable and none', () => {
    expect(tidied({ HANDFAST_CERT: '', HANDFAST_LISTEN: '127.0.0.1:1' })).toEqual({ HANDFAST_LISTEN: '127.0.0.1:1' });
  });

  it('lets a switch be off', () => {
    expect(tidied({ HANDFAST_JSON: '0', HANDFAST_INSECURE: 'yes' })).toEqual({ HANDFAST_INSECURE: 'yes' });
  });

  it('refuses to guess what a switch should be', () => {
    expect(() => tidied({ HANDFAST_INSECURE: 'maybe' })).toThrow(UsageError);
  });
});

describe('the variable of a flag', () => {
  it('is its name in capitals, for every flag of every command', () => {
    const options = createProgram().commands.flatMap((command) =>
      [command, ...command.commands].flatMap((each) => each.options),
    );
    expect(options.length).toBeGreaterThan(40);
    for (const { long, envVar } of options) {
      expect(envVar).toBe(`HANDFAST_${long?.slice(2).toUpperCase().replaceAll('-', '_')}`);
    }
  });
});

function tidied(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  tidyEnvironment(createProgram(), environment);
  return environment;
}
