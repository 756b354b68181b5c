/**
 * Settings from all their sources and who wins: what the program itself set, then the command line, the
 * settings file, the network's section of the conf file, and its lines before any section. The rules are
 * bitcoind's, with the ones that surprise (the conf file's first value counts, the command line's last).
 * Reading the sources is the business of arguments.ts and load-conf.ts.
 */
import type { OptionTable } from './option-table.ts';
import { findOption } from './option-table.ts';

/** Wrong arguments or a wrong conf file; the message is for the user, in bitcoind's words. */
export class ConfError extends Error {
  override name = 'ConfError';
}

/** A value as its source had it: text, or true and false for negations; other JSON from settings.json. */
export type SettingValue = string | boolean | number | null | readonly SettingValue[];

/** Values by option name, in the order they were given. */
export type SettingValues = Map<string, SettingValue[]>;

/** Where settings come from, strongest first. */
export interface SettingSources {
  /** Set by the program because of other settings. */
  readonly forced: Map<string, string>;
  readonly commandLine: SettingValues;
  /** settings.json of the network directory, which the program itself rewrites. */
  readonly persisted: Map<string, SettingValue>;
  /** Lines of the conf file by section; those before any section under ''. */
  readonly conf: Map<string, SettingValues>;
}

/** Empty sources, to be filled. */
export function emptySources(): SettingSources {
  return { forced: new Map(), commandLine: new Map(), persisted: new Map(), conf: new Map() };
}

/** How much of a text is a whole number, as C's atoi; 0 when nothing is. */
export function leadingInteger(text: string): number {
  const match = /^[ \t\r\n\v\f]*([+-]?[0-9]+)/.exec(text);
  return match ? Number(match[1]) : 0;
}

/** Empty text is true, otherwise a leading number that is not 0. */
export function isTrueText(text: string): boolean {
  return text === '' || leadingInteger(text) !== 0;
}

/** A list of values of one source, seen past the negations in it. */
class Span {
  readonly #values: readonly SettingValue[];
  readonly negated: number;

  constructor(values: readonly SettingValue[]) {
    this.#values = values;
    this.negated = values.lastIndexOf(false) + 1;
  }

  get lastNegated(): boolean {
    return this.#values.length > 0 && this.negated === this.#values.length;
  }

  get live(): readonly SettingValue[] {
    return this.negated === 0 ? this.#values : this.#values.slice(this.negated);
  }
}

type SourceName = 'forced' | 'commandLine' | 'persisted' | 'section' | 'default';

/** Sections whose options the lines before any section cannot set for them, when they are network-only. */
const TEST_SECTIONS: ReadonlySet<string> = new Set(['test', 'testnet4', 'signet', 'regtest']);

/** What was set, looked up by option name without the dash. */
export class Settings {
  readonly sources: SettingSources;
  readonly #table: OptionTable;
  /** The section of the conf file that counts; '' before the network is known. */
  section: string;

  constructor(sources: SettingSources, table: OptionTable, section = '') {
    this.sources = sources;
    this.#table = table;
    this.section = section;
  }

  /** The value of an option, false when negated, undefined when nobody set it. */
  get(name: string): SettingValue | undefined {
    const skipDefault = !this.#usesDefaultSection(name);
    for (const [source, span] of this.#spans(name)) {
      const live = span.live;
      // A negation before any section holds even where a value there would not.
      if (source === 'default' && skipDefault && !span.lastNegated) continue;
      if (live.length > 0) {
        return source === 'section' || source === 'default' ? live[0] : live[live.length - 1];
      }
      if (span.lastNegated) return false;
    }
    return undefined;
  }

  /** The value that selects a chain: here the conf file's last one counts and a `-no…` is passed over. */
  chainFlag(name: string): boolean {
    for (const [, span] of this.#spans(name, '')) {
      if (span.lastNegated) continue;
      const value = span.live.at(-1);
      if (value !== undefined) return toBool(value);
    }
    return false;
  }

  /** All values of a repeatable option; negations have dropped what they drop. */
  list(name: string): SettingValue[] {
    const result: SettingValue[] = [];
    const skipDefault = !this.#usesDefaultSection(name);
    let done = false;
    let negatedEmpty = false;
    for (const [source, span] of this.#spans(name)) {
      if (source === 'default' && skipDefault) continue;
      const fromConf = source === 'section' || source === 'default';
      // A value behind a negation on the command line brings the conf file's values back.
      if (!done || (fromConf && !negatedEmpty)) {
        for (const value of span.live) {
          if (Array.isArray(value)) result.push(...(value as readonly SettingValue[]));
          else result.push(value);
        }
      }
      done ||= span.negated > 0 || source === 'forced';
      negatedEmpty ||= span.lastNegated && result.length === 0;
    }
    return result;
  }

  /** All values of a repeatable option as text. */
  texts(name: string): string[] {
    return this.list(name).map((value) => toText(value) ?? '');
  }

  isSet(name: string): boolean {
    const value = this.get(name);
    return value !== undefined && value !== null;
  }

  isNegated(name: string): boolean {
    return this.get(name) === false;
  }

  text(name: string): string | undefined;
  text(name: string, fallback: string): string;
  text(name: string, fallback?: string): string | undefined {
    return toText(this.get(name)) ?? fallback;
  }

  bool(name: string): boolean | undefined;
  bool(name: string, fallback: boolean): boolean;
  bool(name: string, fallback?: boolean): boolean | undefined {
    const value = this.get(name);
    return value === undefined || value === null ? fallback : toBool(value);
  }

  int(name: string): number | undefined;
  int(name: string, fallback: number): number;
  int(name: string, fallback?: number): number | undefined {
    const text = toText(this.get(name));
    return text === undefined ? fallback : leadingInteger(text);
  }

  /** Sets an option unless somebody did; true when it was set here. */
  imply(name: string, value: string): boolean {
    if (this.isSet(name)) return false;
    this.sources.forced.set(name, value);
    return true;
  }

  /** Network-only options that stand before any section and therefore count for nothing. */
  misplaced(): string[] {
    if (!TEST_SECTIONS.has(this.section)) return [];
    const names: string[] = [];
    for (const name of Object.keys(this.#table)) {
      if (this.#usesDefaultSection(name)) continue;
      const live = this.#spans(name).filter(([, span]) => span.live.length > 0);
      if (live.length > 0 && live.every(([source]) => source === 'default')) names.push(name);
    }
    return names.sort();
  }

  #usesDefaultSection(name: string): boolean {
    return !TEST_SECTIONS.has(this.section) || !findOption(this.#table, name)?.networkOnly;
  }

  #spans(name: string, section = this.section): [SourceName, Span][] {
    const { forced, commandLine, persisted, conf } = this.sources;
    const spans: [SourceName, Span][] = [];
    const add = (source: SourceName, values: readonly SettingValue[] | undefined) => {
      if (values && values.length > 0) spans.push([source, new Span(values)]);
    };
    const forcedValue = forced.get(name);
    if (forcedValue !== undefined) add('forced', [forcedValue]);
    add('commandLine', commandLine.get(name));
    const persistedValue = persisted.get(name);
    if (persistedValue !== undefined) add('persisted', [persistedValue]);
    if (section !== '') add('section', conf.get(section)?.get(name));
    add('default', conf.get('')?.get(name));
    return spans;
  }
}

function toBool(value: SettingValue): boolean {
  if (typeof value === 'boolean') return value;
  return isTrueText(toText(value) ?? '');
}

function toText(value: SettingValue | undefined): string | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'boolean') return value ? '1' : '0';
  return typeof value === 'string' ? value : String(value);
}
