/**
 * Options in bitcoind's forms: `-name=value`, `--name=value`, `-name`, `-noname`, `-noname=0`; in a conf
 * file the same without the dash. A word that no option can take ends the options.
 */
import { findOption, type OptionTable } from './option-table.ts';
import { ConfError, isTrueText, type SettingValue, type SettingValues } from './settings.ts';

/** A key with its section and negation taken apart: `regtest.nolisten` is listen, negated, of regtest. */
export interface OptionKey {
  readonly section: string;
  readonly name: string;
  readonly negated: boolean;
}

/** Takes a key apart. Every `no…` is a negation: no option of bitcoind begins so. */
export function parseOptionKey(text: string): OptionKey {
  const dot = text.indexOf('.');
  const key = text.slice(dot + 1);
  const negated = key.startsWith('no');
  return {
    section: dot < 0 ? '' : text.slice(0, dot),
    name: negated ? key.slice(2) : key,
    negated,
  };
}

/** Somebody to hear of things that are allowed but probably not meant. */
export type Warn = (message: string) => void;

/** What an option was set to. Throws {@link ConfError} where the table forbids the form. */
export function parseOptionValue(
  { name, negated }: OptionKey,
  value: string | undefined,
  table: OptionTable,
  warn: Warn,
): SettingValue {
  const spec = findOption(table, name);
  if (negated) {
    if (spec?.noNegation) {
      throw new ConfError(`Negating of -${name} is meaningless and therefore forbidden`);
    }
    if (value === undefined || isTrueText(value)) return false;
    warn(`Parsed potentially confusing double-negative -${name}=${value}`);
    return true;
  }
  if (value === undefined && spec?.noBareForm) {
    throw new ConfError(
      `Can not set -${name} with no value. Please specify value with -${name}=value.`,
    );
  }
  return value ?? '';
}

/** A command line, read. */
export interface Arguments {
  readonly values: SettingValues;
  /** What follows the options, from the first word without a dash. */
  readonly words: readonly string[];
}

/** Splits one `-name=value` into its halves; the name may still carry a negation. */
export type SplitArgument = (token: string) => readonly [key: string, value: string | undefined];

/** `-name=value` or `--name=value`, cut at the first `=`. */
export const splitArgument: SplitArgument = (token) => {
  const body = token.startsWith('--') ? token.slice(2) : token.slice(1);
  const equals = body.indexOf('=');
  return equals < 0 ? [body, undefined] : [body.slice(0, equals), body.slice(equals + 1)];
};

/** An option that the table does not have. */
export class UnknownOptionError extends ConfError {
  /** Its name, without dash and value. */
  readonly option: string;
  constructor(token: string, option: string) {
    super(`Invalid parameter ${token}`);
    this.option = option;
  }
}

/**
 * Reads a command line against a table. Throws {@link ConfError} with bitcoind's text, and
 * {@link UnknownOptionError} for an option that the table does not have.
 */
export function parseArguments(
  argv: readonly string[],
  table: OptionTable,
  { warn, split = splitArgument }: { warn: Warn; split?: SplitArgument },
): Arguments {
  const values: SettingValues = new Map();
  let at = 0;
  for (; at < argv.length; at++) {
    const token = argv[at] as string;
    if (!token.startsWith('-') || token === '-') break;
    const [text, value] = split(token);
    const key = parseOptionKey(text);
    if (key.section !== '' || !findOption(table, key.name)) {
      throw new UnknownOptionError(token, key.name);
    }
    addValue(values, key.name, parseOptionValue(key, value, table, warn));
  }
  const includes = values.get('includeconf');
  const include = includes?.slice(includes.lastIndexOf(false) + 1)[0];
  if (include !== undefined) {
    throw new ConfError(
      `-includeconf cannot be used from commandline; -includeconf=${JSON.stringify(include)}`,
    );
  }
  return { values, words: argv.slice(at) };
}

/** Appends a value to what an option already has. */
export function addValue(values: SettingValues, name: string, value: SettingValue): void {
  const given = values.get(name);
  if (given) given.push(value);
  else values.set(name, [value]);
}
