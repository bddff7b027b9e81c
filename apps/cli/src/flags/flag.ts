import { InvalidArgumentError, Option } from 'commander';

/** A flag that can also be given as a variable: `--min-version` as HANDFAST_MIN_VERSION. */
export function flag(flags: string, description: string): Option {
  const option = new Option(flags, description);
  return option.env(`HANDFAST_${option.name().toUpperCase().replaceAll('-', '_')}`);
}

/** A flag that can be given several times, or once with commas. */
export function listFlag(flags: string, description: string): Option {
  return flag(flags, description).argParser((text, previous: readonly string[] = []) => [...previous, ...items(text)]);
}

function items(text: string): readonly string[] {
  const found = text.split(',').map((item) => item.trim());
  if (found.includes('')) throw new InvalidArgumentError('An item between the commas is missing.');
  return found;
}
