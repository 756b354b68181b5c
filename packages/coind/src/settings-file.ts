/**
 * settings.json of the network's directory: settings that change while the daemon runs, such as the
 * wallets to load at start. Whoever edits it does so while the daemon is down.
 */
import { existsSync, readFileSync } from 'node:fs';
import { JsonObject, parseJson } from '@coind/rpc';
import { ConfError, type SettingValue } from '@coind/rpc/conf';
import { writeWhole } from './data-dir.ts';

const NOTE_KEY = '_warning_';
const NOTE =
  'coind writes this file while it runs. Edit it only while coind is stopped: later changes may be lost.';

function readError(detail: string): ConfError {
  return new ConfError(`Settings file could not be read:\n- ${detail}`);
}

/** Settings that outlive the process. */
export class SettingsFile {
  /** Undefined with -nosettings: nothing is kept. */
  readonly path: string | undefined;
  readonly values: Map<string, SettingValue>;

  constructor(path: string | undefined, values: Map<string, SettingValue>) {
    this.path = path;
    this.values = values;
  }

  /** Reads the file at `path`, if there is one. Throws {@link ConfError} when it makes no sense. */
  static read(path: string | undefined): SettingsFile {
    const values = new Map<string, SettingValue>();
    if (path === undefined || !existsSync(path)) return new SettingsFile(path, values);
    const text = readFileSync(path, 'utf8');
    let json: ReturnType<typeof parseJson>;
    try {
      json = parseJson(text);
    } catch {
      throw readError(
        `Settings file ${path} does not contain valid JSON. This may be caused by a crash, power loss, full disk, or storage error, and can be fixed by removing the file, which will reset settings to default values.`,
      );
    }
    if (!(json instanceof JsonObject)) {
      throw readError(`Found non-object value ${text.trim()} in settings file ${path}`);
    }
    const plain = JSON.parse(text) as Readonly<Record<string, SettingValue>>;
    for (const [name] of json.entries) {
      if (values.has(name)) throw readError(`Found duplicate key ${name} in settings file ${path}`);
      values.set(name, plain[name] ?? null);
    }
    values.delete(NOTE_KEY);
    return new SettingsFile(path, values);
  }

  /** Keeps a setting, or forgets it when undefined. Undone when the file cannot be written. */
  set(name: string, value: SettingValue | undefined): void {
    const before = this.values.get(name);
    this.#put(name, value);
    try {
      this.save();
    } catch (error) {
      this.#put(name, before);
      throw error;
    }
  }

  /** Writes the file, whole or not at all. */
  save(): void {
    if (this.path === undefined) return;
    const json = { [NOTE_KEY]: NOTE, ...Object.fromEntries(this.values) };
    writeWhole(this.path, `${JSON.stringify(json, undefined, 4)}\n`);
  }

  #put(name: string, value: SettingValue | undefined): void {
    if (value === undefined) this.values.delete(name);
    else this.values.set(name, value);
  }
}
