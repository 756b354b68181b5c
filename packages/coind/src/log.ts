/**
 * debug.log and the terminal, in bitcoind's format: time, category, message; then fields as name=value.
 * A line is on disk when the call returns, because programs read the log right after an RPC answers.
 * Rules never log; doors do. Keys and passwords never get here, control characters are escaped.
 */
import {
  closeSync,
  fstatSync,
  openSync,
  readSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { logCategories } from '@coind/rpc';
import { ConfError } from '@coind/rpc/conf';

/** What a debug line is about. */
export type LogCategory = (typeof logCategories)[number];

/** How grave a line is; debug and trace are written only for categories that were asked for. */
export type LogLevel = 'trace' | 'debug' | 'info' | 'warning' | 'error';

const settableLevels = ['info', 'debug', 'trace'] as const;
/** Which debug lines a category writes. */
export type LogDetail = (typeof settableLevels)[number];

/** Values printed behind a message as name=value. */
export type LogFields = Readonly<Record<string, string | number | bigint | boolean | undefined>>;

/** What a module below is given: its debug lines carry its category. */
export interface CategoryLog {
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  debug(message: string, fields?: LogFields): void;
  trace(message: string, fields?: LogFields): void;
  /** False when debug lines go nowhere: skip the work of making them. */
  readonly debugEnabled: boolean;
}

/** The log of the whole program. */
export interface Log {
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  debug(category: LogCategory, message: string, fields?: LogFields): void;
  trace(category: LogCategory, message: string, fields?: LogFields): void;
  /** False when debug lines of the category go nowhere. */
  enabled(category: LogCategory): boolean;
  child(category: LogCategory): CategoryLog;
}

/** Where and what to log. */
export interface LogOptions {
  /** Absolute; undefined for no file. */
  readonly file: string | undefined;
  readonly console: boolean;
  readonly categories: ReadonlySet<LogCategory>;
  /** How much the chosen categories write, unless `levels` says otherwise. */
  readonly level: LogDetail;
  readonly levels: ReadonlyMap<LogCategory, LogDetail>;
  readonly timestamps: boolean;
  readonly timeMicros: boolean;
  readonly threadNames: boolean;
  /** Category and level in front of every line. */
  readonly levelAlways: boolean;
  /** Cut a long file at start. */
  readonly shrink: boolean;
}

/** A line from before the log was open. */
export interface StartupNote {
  readonly level: 'info' | 'warning';
  readonly message: string;
}

/** An open log, with the handles that its owner needs. */
export interface OpenLog extends Log {
  /** Which categories write debug lines, for the `logging` method. */
  categories(): Readonly<Record<LogCategory, boolean>>;
  /** Switches categories on, then off. */
  setCategories(include: readonly LogCategory[], exclude: readonly LogCategory[]): void;
  /** Opens the file anew, after somebody moved it away. */
  reopen(): void;
  close(): void;
}

const isCategory = (text: string): text is LogCategory =>
  (logCategories as readonly string[]).includes(text);

/** The categories that a word of -debug= means; undefined when it means none that we know. */
export function categoriesOf(word: string): readonly LogCategory[] | undefined {
  if (word === '' || word === '1' || word === 'all') return logCategories;
  if (word === 'libevent') return [];
  return isCategory(word) ? [word] : undefined;
}

/** The categories that -debug and -debugexclude choose. Throws {@link ConfError}. */
export function chosenCategories(
  debug: readonly string[],
  exclude: readonly string[],
): Set<LogCategory> {
  const from = Math.max(debug.lastIndexOf('0'), debug.lastIndexOf('none')) + 1;
  const chosen = new Set<LogCategory>();
  const known = (option: string, word: string) => {
    const categories = categoriesOf(word);
    if (!categories) throw new ConfError(`Unsupported logging category -${option}=${word}.`);
    return categories;
  };
  for (const word of debug.slice(from)) {
    for (const category of known('debug', word)) chosen.add(category);
  }
  for (const word of exclude) {
    for (const category of known('debugexclude', word)) chosen.delete(category);
  }
  return chosen;
}

/** What -loglevel= chooses. Throws {@link ConfError}. */
export function chosenLevels(words: readonly string[]): Pick<LogOptions, 'level' | 'levels'> {
  const isDetail = (text: string | undefined): text is LogDetail =>
    (settableLevels as readonly (string | undefined)[]).includes(text);
  const valid = settableLevels.join(', ');
  let level: LogDetail = 'debug';
  const levels = new Map<LogCategory, LogDetail>();
  for (const word of words) {
    if (word.indexOf(':', 3) < 0) {
      if (!isDetail(word)) {
        throw new ConfError(
          `Unsupported global logging level -loglevel=${word}. Valid values: ${valid}.`,
        );
      }
      level = word;
      continue;
    }
    const [name = '', detail, ...rest] = word.split(':');
    const categories = categoriesOf(name);
    if (!categories || !isDetail(detail) || rest.length > 0) {
      throw new ConfError(
        `Unsupported category-specific logging level -loglevel=${word}. Expected -loglevel=<category>:<loglevel>. Valid categories: ${logCategories.join(', ')}. Valid loglevels: ${valid}.`,
      );
    }
    for (const category of categories) levels.set(category, detail);
  }
  return { level, levels };
}

const KEPT_BYTES = 10_000_000;

/** Keeps the last 10 MB of a file that has grown more than a tenth beyond that. */
export function shrinkLogFile(path: string): void {
  const sizeBytes = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  if (sizeBytes <= KEPT_BYTES * 1.1) return;
  const tail = new Uint8Array(KEPT_BYTES);
  const fd = openSync(path, 'r');
  try {
    readSync(fd, tail, 0, KEPT_BYTES, sizeBytes - KEPT_BYTES);
  } finally {
    closeSync(fd);
  }
  writeFileSync(path, tail);
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: exactly what a terminal must not be sent
const CONTROL = /[\u0000-\u0009\u000b-\u001f\u007f]/g;
const escapeControl = (text: string) =>
  text.replace(CONTROL, (char) => `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`);

function formatFields(fields: LogFields): string {
  let text = '';
  for (const [name, value] of Object.entries(fields)) {
    if (value === undefined) continue;
    const shown = String(value);
    text += ` ${name}=${shown === '' || shown.includes(' ') ? JSON.stringify(shown) : shown}`;
  }
  return text;
}

/** `2026-11-21T08:00:00Z `, with six more digits where asked for. */
function formatTime(micros: boolean): string {
  if (!micros) return `${new Date().toISOString().slice(0, 19)}Z `;
  const now = performance.timeOrigin + performance.now();
  const whole = Math.floor(now / 1000) * 1000;
  const fraction = Math.floor((now - whole) * 1000);
  return `${new Date(whole).toISOString().slice(0, 19)}.${String(fraction).padStart(6, '0')}Z `;
}

const NOT_LOGGED: LogDetail = 'info';

class FileLog implements OpenLog {
  readonly #options: LogOptions;
  readonly #details = new Map<LogCategory, LogDetail>();
  #fd: number | undefined;

  constructor(options: LogOptions) {
    this.#options = options;
    this.setCategories([...options.categories], []);
    this.reopen();
  }

  info(message: string, fields?: LogFields): void {
    this.#write('', 'info', message, fields);
  }
  warn(message: string, fields?: LogFields): void {
    this.#write('', 'warning', message, fields);
  }
  error(message: string, fields?: LogFields): void {
    this.#write('', 'error', message, fields);
  }
  debug(category: LogCategory, message: string, fields?: LogFields): void {
    if (this.enabled(category)) this.#write(category, 'debug', message, fields);
  }
  trace(category: LogCategory, message: string, fields?: LogFields): void {
    if (this.#details.get(category) === 'trace') this.#write(category, 'trace', message, fields);
  }
  enabled(category: LogCategory): boolean {
    return (this.#details.get(category) ?? NOT_LOGGED) !== NOT_LOGGED;
  }

  child(category: LogCategory): CategoryLog {
    const log = this;
    return {
      info: (message, fields) => log.info(message, fields),
      warn: (message, fields) => log.warn(message, fields),
      error: (message, fields) => log.error(message, fields),
      debug: (message, fields) => log.debug(category, message, fields),
      trace: (message, fields) => log.trace(category, message, fields),
      get debugEnabled() {
        return log.enabled(category);
      },
    };
  }

  categories(): Readonly<Record<LogCategory, boolean>> {
    const entries = logCategories.map((category) => [category, this.#details.has(category)]);
    return Object.fromEntries(entries) as Record<LogCategory, boolean>;
  }

  setCategories(include: readonly LogCategory[], exclude: readonly LogCategory[]): void {
    const { level, levels } = this.#options;
    for (const category of include) this.#details.set(category, levels.get(category) ?? level);
    for (const category of exclude) this.#details.delete(category);
  }

  reopen(): void {
    const { file } = this.#options;
    if (file === undefined) return;
    const fd = openSync(file, 'a', 0o600);
    // A gap between runs, as bitcoind leaves one.
    if (this.#fd === undefined && fstatSync(fd).size > 0) writeSync(fd, '\n\n\n\n\n');
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = fd;
  }

  close(): void {
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
  }

  #prefix(category: LogCategory | '', level: LogLevel): string {
    const { levelAlways } = this.#options;
    const shown = category === '' && levelAlways ? 'all' : category;
    if (shown === '') return level === 'info' ? '' : `[${level}] `;
    return levelAlways || level !== 'debug' ? `[${shown}:${level}] ` : `[${shown}] `;
  }

  #write(category: LogCategory | '', level: LogLevel, message: string, fields?: LogFields): void {
    const { timestamps, timeMicros, threadNames, console: toConsole } = this.#options;
    const body = escapeControl(fields ? message + formatFields(fields) : message);
    const time = timestamps ? formatTime(timeMicros) : '';
    const thread = threadNames ? '[main] ' : '';
    const line = `${time}${thread}${this.#prefix(category, level)}${body}\n`;
    if (this.#fd !== undefined) writeSync(this.#fd, line);
    if (toConsole) process.stdout.write(line);
  }
}

/**
 * Opens the log and writes what had to wait for it. Throws {@link ConfError} when the file cannot be
 * opened.
 */
export function openLog(options: LogOptions, notes: readonly StartupNote[] = []): OpenLog {
  const { file, shrink } = options;
  let log: OpenLog;
  try {
    if (file !== undefined && shrink) shrinkLogFile(file);
    log = new FileLog(options);
  } catch {
    throw new ConfError(`Could not open debug log file ${file}`);
  }
  for (const { level, message } of notes) {
    if (level === 'warning') log.warn(message);
    else log.info(message);
  }
  return log;
}
