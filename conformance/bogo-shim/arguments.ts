import { isOption, type OptionKind, type OptionName, options, type Scope, scopes } from './options.ts';

/** The runner asks for something that this shim does not do. */
export class Unimplemented extends Error {}

interface Values {
  readonly flag: boolean;
  readonly number: number | undefined;
  readonly numbers: readonly number[];
  readonly text: string | undefined;
  readonly base64: Uint8Array | undefined;
}

/** What the options say for one connection, by their names. */
export type Settings = { readonly [Name in OptionName]: Values[(typeof options)[Name]] } & {
  /** Those that were begun with -new-…-credential, in order; then the one that was given without that. */
  readonly credentials: readonly CredentialSettings[];
  readonly psks: readonly PskSettings[];
};

/** Options that speak of one credential. */
const credentialOptions = [
  '-cert-file',
  '-key-file',
  '-signing-prefs',
  '-ocsp-response',
  '-signed-cert-timestamps',
  '-must-match-issuer',
  '-delegated-credential',
  '-psk-importer-identity',
  '-psk-importer-key',
  '-psk-importer-context',
  '-psk-importer-sha384',
] as const satisfies readonly OptionName[];
type CredentialOption = (typeof credentialOptions)[number];

const beginnings: readonly OptionName[] = ['-new-x509-credential', '-new-delegated-credential', '-new-psk-credential'];

export interface CredentialSettings extends Pick<Settings, CredentialOption | '-decline-ocsp-callback'> {
  /** Place among those that were begun; -1 for the one that was given without that. */
  readonly number: number;
}

/** A credential that is a pre-shared key, to be imported (RFC 9258). */
export interface PskSettings extends Pick<Settings, CredentialOption> {
  readonly number: number;
}

/**
 * Reads the shim's arguments.
 * @returns what they say for the first connection, for one that resumes, and for one that is tried again without early data.
 * @throws Unimplemented for an option that is not known; Error for one without its value.
 */
export function parseArguments(given: readonly string[]): Readonly<Record<Scope, Settings>> {
  const builders = { initial: new SettingsBuilder(), resume: new SettingsBuilder(), retry: new SettingsBuilder() };
  const rest = given[Symbol.iterator]();
  for (const argument of rest) {
    const { name, scope, ignored } = scopeOf(argument);
    if (!isOption(name)) throw new Unimplemented(argument);
    const value = options[name] === 'flag' ? undefined : rest.next().value;
    if (ignored) continue;
    for (const each of scope === undefined ? scopes : [scope]) builders[each].take(name, value);
  }
  return { initial: builders.initial.settings(), resume: builders.resume.settings(), retry: builders.retry.settings() };
}

interface Scoped {
  readonly name: string;
  readonly scope: Scope | undefined;
  /** It speaks to a handshaker alone. */
  readonly ignored: boolean;
}

function scopeOf(argument: string): Scoped {
  const name = argument.replace(/^-on-(shim|handshaker)-/, '-');
  const scope = scopes.find((each) => name.startsWith(`-on-${each}-`));
  return {
    name: scope === undefined ? name : name.slice(`-on-${scope}`.length),
    scope,
    ignored: argument.startsWith('-on-handshaker-'),
  };
}

type Taken = Record<string, unknown>;

class SettingsBuilder {
  readonly #common: Taken = nothing(Object.keys(options).filter(isOption));
  readonly #credentials: Taken[] = [];

  take(name: OptionName, value: string | undefined): void {
    if (beginnings.includes(name)) {
      this.#credentials.push({ ...nothing(credentialOptions), [name]: true });
      return;
    }
    const last = isCredentialOption(name) ? this.#credentials.at(-1) : undefined;
    set(last ?? this.#common, name, options[name], value);
  }

  settings(): Settings {
    const legacy = this.#common['-cert-file'] === undefined ? [] : [{ ...this.#common, number: -1 }];
    const begun = this.#credentials.map((taken, number) => ({ ...this.#common, ...taken, number }));
    const isPsk = (taken: Taken) => taken['-new-psk-credential'] === true;
    const credentials = [...begun.filter((taken) => !isPsk(taken)), ...legacy];
    return { ...this.#common, credentials, psks: begun.filter(isPsk) } as unknown as Settings;
  }
}

function isCredentialOption(name: OptionName): name is CredentialOption {
  return (credentialOptions as readonly OptionName[]).includes(name);
}

/** Options as they are where they are not given. */
function nothing(names: readonly OptionName[]): Taken {
  const absent = { flag: false, number: undefined, numbers: [], text: undefined, base64: undefined };
  return Object.fromEntries(names.map((name) => [name, absent[options[name]]]));
}

function set(taken: Taken, name: OptionName, kind: OptionKind, value: string | undefined): void {
  if (kind === 'flag') {
    taken[name] = true;
    return;
  }
  if (value === undefined) throw new Error(`${name} without its value`);
  switch (kind) {
    case 'number':
      taken[name] = Number(value);
      break;
    case 'numbers':
      taken[name] = [...(taken[name] as readonly number[]), Number(value)];
      break;
    case 'base64':
      taken[name] = new Uint8Array(Buffer.from(value, 'base64'));
      break;
    case 'text':
      taken[name] = value;
      break;
  }
}
