/**
 * One process per directory, without native code: a `.lock` file that names its owner by process id and
 * start time, made whole and linked into place so that no reader sees half of it. A lock whose owner is
 * gone (kill -9, power loss) or that was copied along with its directory is taken over. LevelDB's own
 * lock stands behind this one, for owners that cannot be seen, as from another container.
 */
import { execFileSync } from 'node:child_process';
import { linkSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ConfError } from '@coind/rpc/conf';

/** A held lock. */
export interface DirectoryLock {
  /** Lets go of the directory; harmless when called twice. */
  release(): void;
}

/** Who is alive: injected in tests only. */
export interface Processes {
  readonly self: number;
  /** Something that two processes with one id do not share; undefined when there is no such process. */
  startOf(pid: number): string | undefined;
}

/** States of a process that has ended: zombie, dead. */
const DEAD = ['Z', 'X'];
const OWNER = /^(\d+) (\S.*)\n$/;
let attempts = 0;

/** The processes of this machine. */
export const processes: Processes = { self: process.pid, startOf: startOfProcess };

function startOfProcess(pid: number): string | undefined {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return undefined;
  }
  try {
    if (process.platform === 'linux') {
      // Fields 3 and 22, counted behind the name, which may itself hold spaces and parentheses.
      const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      // A dead process stays in the list until its parent asks for it, in a container perhaps never.
      return DEAD.includes(fields[0] ?? '') ? undefined : fields[19];
    }
    if (process.platform === 'win32') return 'alive';
    return execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim();
  } catch {
    return undefined;
  }
}

/**
 * Takes the lock of `directory`, which must exist, for a program called `client`. Throws {@link ConfError} with bitcoind's text when
 * somebody has it or when the directory cannot be written.
 */
export function lockDirectory(
  directory: string,
  by: Processes = processes,
  client = 'coind',
): DirectoryLock {
  const path = join(directory, '.lock');
  const attempt = attempts++;
  const own = join(directory, `.lock.${by.self}.${attempt}`);
  let text: string;
  try {
    writeFileSync(own, '', { flag: 'wx', mode: 0o600 });
    // The inode tells a copied lock file, the attempt two locks of one process.
    text = `${by.self} ${by.startOf(by.self) ?? 'unknown'} ${inodeOf(own)}.${attempt}\n`;
    writeFileSync(own, text);
  } catch {
    throw new ConfError(`Cannot write to directory '${directory}'; check permissions.`);
  }
  try {
    while (!link(own, path)) {
      const found = textOf(path);
      if (isHeld(path, found, by)) throw lockedError(directory, client);
      if (takeOver(path, own, found, by)) break;
    }
  } finally {
    rmSync(own, { force: true });
  }
  let held = true;
  return {
    release() {
      if (held && textOf(path) === text) rmSync(path, { force: true });
      held = false;
    },
  };
}

function lockedError(directory: string, client: string): ConfError {
  return new ConfError(
    `Cannot obtain a lock on directory ${directory}. ${client} is probably already running.`,
  );
}

/** True when `path` did not exist and now is another name of `existing`. */
function link(existing: string, path: string): boolean {
  try {
    linkSync(existing, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

const inodeOf = (path: string) => statSync(path, { throwIfNoEntry: false })?.ino;

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

/** True when the lock file names a living process and is the file that process made. */
function isHeld(path: string, text: string, by: Processes): boolean {
  const match = OWNER.exec(text);
  if (!match) return false;
  const [, pid, rest = ''] = match;
  const at = rest.lastIndexOf(' ');
  const [start, inode] = [rest.slice(0, at), rest.slice(at + 1).split('.')[0]];
  return inode === String(inodeOf(path)) && by.startOf(Number(pid)) === start;
}

/**
 * Puts `own` in the place of a stale lock whose text was `found`; false when things have moved on and the
 * caller has to look again. Only one process at a time replaces a lock: it holds a second name meanwhile.
 */
function takeOver(path: string, own: string, found: string, by: Processes): boolean {
  const token = `${path}.takeover`;
  if (!link(own, token)) {
    // Somebody else is at it, or died at it.
    if (!isHeld(token, textOf(token), by)) rmSync(token, { force: true });
    return false;
  }
  try {
    if (textOf(path) !== found) return false;
    renameSync(own, path);
    return true;
  } finally {
    rmSync(token, { force: true });
  }
}
