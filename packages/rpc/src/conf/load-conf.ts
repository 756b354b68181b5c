/**
 * Finds and reads the conf file of a data directory and the files it includes. `coin.conf` is coind's
 * name for it, `bitcoin.conf` the one that programs written for bitcoind leave behind; both are read the
 * same way. Order and texts are bitcoind's.
 */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { isAbsolute, join, normalize, resolve } from 'node:path';
import { addValue, parseOptionKey, parseOptionValue, type Warn } from './arguments.ts';
import { chosenChain } from './chain-choice.ts';
import { parseConf } from './conf-file.ts';
import { findOption, type OptionTable } from './option-table.ts';
import { ConfError, type Settings } from './settings.ts';

/** The names a conf file may have, first found first served; the last is where one is expected. */
export const CONF_NAMES = ['coin.conf', 'bitcoin.conf'] as const;

/** Where coind keeps its data when nobody says otherwise. */
export function defaultDataDir(env: Readonly<Record<string, string | undefined>>): string {
  return join(env.HOME || homedir(), '.coind');
}

/** Text of a path option, tidied; empty when negated. */
export function pathSetting(settings: Settings, name: string): string | undefined {
  if (settings.isNegated(name)) return '';
  const text = settings.text(name);
  if (text === undefined || text === '') return undefined;
  const tidy = normalize(text);
  return tidy.length > 1 && tidy.endsWith('/') ? tidy.slice(0, -1) : tidy;
}

const isDirectory = (path: string) => statSync(path, { throwIfNoEntry: false })?.isDirectory();

/** A section of a conf file that is no network's. */
export interface StraySection {
  readonly file: string;
  readonly line: number;
  readonly name: string;
}

/** What reading the conf file told, besides the settings themselves. */
export interface LoadedConf {
  /** The file that was read, or would have been; undefined with -noconf. */
  readonly path: string | undefined;
  readonly found: boolean;
  readonly sections: readonly StraySection[];
  /** For stderr: includeconf inside of an included file. */
  readonly ignoredIncludes: readonly string[];
}

/** What {@link loadConf} is told. */
export interface LoadConfOptions {
  readonly table: OptionTable;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The network when nothing selects one, to know whose includeconf counts. */
  readonly defaultChain: () => string;
  /** Hears of lines that have no effect. */
  readonly warn: Warn;
  /** Hears which files were included. */
  readonly info?: (message: string) => void;
}

/** The data directory as the settings have it so far, absolute. Throws {@link ConfError} if missing. */
export function dataDirectory(
  settings: Settings,
  env: Readonly<Record<string, string | undefined>>,
): string {
  const given = pathSetting(settings, 'datadir');
  if (!given) return defaultDataDir(env);
  const path = resolve(given);
  if (!isDirectory(path)) {
    throw new ConfError(`Specified data directory "${given}" does not exist.`);
  }
  return path;
}

/** Reads the conf file into `settings.sources.conf`. Throws {@link ConfError}. */
export function loadConf(settings: Settings, options: LoadConfOptions): LoadedConf {
  const dataDir = dataDirectory(settings, options.env);
  const path = confPath(settings, dataDir);
  const sections: StraySection[] = [];
  const read = (file: string, shownAs: string) => {
    const { lines, sections: named } = parseConf(readFileSync(file, 'utf8'));
    for (const { name, line } of named) sections.push({ file: shownAs, line, name });
    for (const { key: text, value } of lines) addLine(settings, text, value, options);
  };
  const found = path !== undefined && existsSync(path);
  if (path !== undefined) {
    if (isDirectory(path)) throw new ConfError(`Config file "${path}" is a directory.`);
    if (!found && settings.isSet('conf')) {
      throw new ConfError(`specified config file "${path}" could not be opened.`);
    }
  }
  const ignoredIncludes: string[] = [];
  if (path !== undefined && found) {
    read(path, path);
    if (!settings.isNegated('includeconf')) {
      ignoredIncludes.push(...readIncludes(settings, dataDir, read, options));
    }
  }
  try {
    dataDirectory(settings, options.env);
  } catch {
    const given = settings.text('datadir', '');
    throw new ConfError(`specified data directory "${given}" does not exist.`);
  }
  return { path, found, sections, ignoredIncludes };
}

function confPath(settings: Settings, dataDir: string): string | undefined {
  const given = pathSetting(settings, 'conf');
  if (given === '') return undefined;
  if (given !== undefined) return isAbsolute(given) ? given : join(dataDir, given);
  const paths = CONF_NAMES.map((name) => join(dataDir, name));
  return paths.find((path) => existsSync(path)) ?? paths.at(-1);
}

function addLine(
  settings: Settings,
  text: string,
  value: string,
  { table, warn }: LoadConfOptions,
): void {
  const key = parseOptionKey(text);
  if (key.name === 'conf') {
    throw new ConfError(
      'conf cannot be set in the configuration file; use includeconf= if you want to include additional config files',
    );
  }
  if (key.name === 'reindex') {
    warn(
      'reindex=1 is set in the configuration file, which will significantly slow down startup. Consider removing or commenting out this option for better performance, unless there is currently a condition which makes rebuilding the indexes necessary',
    );
  }
  if (!findOption(table, key.name)) {
    warn(`Ignoring unknown configuration value ${text}`);
    return;
  }
  const { conf } = settings.sources;
  const section = conf.get(key.section) ?? new Map();
  conf.set(key.section, section);
  addValue(section, key.name, parseOptionValue(key, value, table, warn));
}

/** Reads what the file includes; the names of includes inside of those, which do not count. */
function readIncludes(
  settings: Settings,
  dataDir: string,
  read: (file: string, shownAs: string) => void,
  options: LoadConfOptions,
): string[] {
  const { conf } = settings.sources;
  const includes = (section: string): string[] => {
    const values = conf.get(section)?.get('includeconf') ?? [];
    return values.slice(values.lastIndexOf(false) + 1).map(String);
  };
  const chain = () => chosenChain(settings, options.defaultChain());
  const before = chain();
  const first = { chain: includes(before), common: includes('') };
  for (const name of [...first.chain, ...first.common]) {
    const file = isAbsolute(name) ? name : join(dataDir, name);
    if (isDirectory(file)) throw new ConfError(`Included config file "${file}" is a directory.`);
    if (!existsSync(file)) throw new ConfError(`Failed to include configuration file ${name}`);
    read(file, name);
    options.info?.(`Included configuration file ${name}`);
  }
  const after = chain();
  return [
    ...includes(before).slice(first.chain.length),
    ...includes('').slice(first.common.length),
    ...(after === before ? [] : includes(after)),
  ];
}
