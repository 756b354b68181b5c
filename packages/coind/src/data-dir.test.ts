import { spawn, spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfError } from '@coind/rpc/conf';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openDataDir, type Paths } from './data-dir.ts';
import { lockDirectory, processes } from './dir-lock.ts';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'coind-dir-'));
});
afterEach(() => {
  rmSync(dir, { recursive: true });
});

function paths(): Paths {
  const network = join(dir, 'regtest');
  return {
    root: dir,
    network,
    blocks: join(network, 'blocks'),
    chainstate: join(network, 'chainstate'),
    indexes: join(network, 'indexes'),
    cookie: join(network, '.cookie'),
    pid: join(network, 'bitcoind.pid'),
    settings: join(network, 'settings.json'),
    fees: join(network, 'fees'),
    mempool: join(network, 'mempool.dat'),
    givenWallets: undefined,
  };
}

describe('the lock', () => {
  test('a second taker is refused until the first lets go', () => {
    const lock = lockDirectory(dir);
    expect(() => lockDirectory(dir)).toThrow(
      new ConfError(`Cannot obtain a lock on directory ${dir}. coind is probably already running.`),
    );
    lock.release();
    lockDirectory(dir).release();
    expect(readdirSync(dir)).toEqual([]);
  });

  test('of a process that is gone does not block', () => {
    const gone = spawnSync(process.execPath, ['-e', '']).pid;
    lockDirectory(dir, { self: gone, startOf: () => '1' });
    expect(readFileSync(join(dir, '.lock'), 'utf8')).toContain(String(gone));
    lockDirectory(dir).release();
  });

  test('of an earlier process with the same id does not block', () => {
    lockDirectory(dir, { self: process.pid, startOf: () => 'long ago' });
    lockDirectory(dir).release();
  });

  test('copied with its directory, left empty or filled with nonsense does not block', () => {
    const original = join(dir, 'a');
    mkdirSync(original);
    const lock = lockDirectory(original);
    cpSync(original, join(dir, 'b'), { recursive: true });
    lockDirectory(join(dir, 'b')).release();
    for (const text of ['', 'x', '1 2 3']) {
      writeFileSync(join(dir, '.lock'), text);
      lockDirectory(dir).release();
    }
    lock.release();
  });

  test('a takeover that died halfway does not block', () => {
    writeFileSync(join(dir, '.lock'), '');
    writeFileSync(join(dir, '.lock.takeover'), '1 x 2.0\n');
    const lock = lockDirectory(dir);
    expect(readdirSync(dir)).toEqual(['.lock']);
    expect(() => lockDirectory(dir)).toThrow(ConfError);
    lock.release();
  });

  test('a release never removes the lock of somebody else', () => {
    const lock = lockDirectory(dir);
    rmSync(join(dir, '.lock'));
    const other = lockDirectory(dir);
    lock.release();
    expect(existsSync(join(dir, '.lock'))).toBe(true);
    other.release();
  });

  test('a directory that cannot be written is a clear error', () => {
    expect(() => lockDirectory(join(dir, 'none'))).toThrow(
      `Cannot write to directory '${join(dir, 'none')}'; check permissions.`,
    );
  });

  test.runIf(process.platform === 'linux')(
    'of a process that is dead but that nobody has asked for does not block',
    async () => {
      // The shell becomes a program that never asks how its child ended; only then the child is let go,
      // for a shell might ask.
      const parent = spawn('sh', ['-c', 'exec 3<&0; read line <&3 & echo $!; exec sleep 30']);
      try {
        const pid = await new Promise<number>((resolve) => {
          parent.stdout.once('data', (text) => resolve(Number(text)));
        });
        const program = () => readFileSync(`/proc/${parent.pid}/comm`, 'latin1').trim();
        await expect.poll(program).toBe('sleep');
        parent.stdin.write('\n');
        const state = () => readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]?.[0];
        await expect.poll(state).toBe('Z');
        expect(processes.startOf(pid)).toBeUndefined();
      } finally {
        parent.kill('SIGKILL');
      }
    },
  );

  test('this process has a start that stays the same', () => {
    expect(processes.startOf(process.pid)).toBe(processes.startOf(process.pid));
    expect(processes.startOf(process.pid)).toBeDefined();
  });
});

describe('the directory', () => {
  test('is laid out as bitcoind lays it out, with wallets only where it is new', () => {
    const first = openDataDir(paths());
    expect(first.wallets).toBe(join(dir, 'regtest', 'wallets'));
    first.close();
    rmSync(join(dir, 'regtest', 'wallets'), { recursive: true });
    const second = openDataDir(paths());
    expect(second.wallets).toBe(join(dir, 'regtest'));
    expect(existsSync(join(dir, 'regtest', 'wallets'))).toBe(false);
    second.close();
  });

  test('has cookie and pid file while it is open, readable by the owner only', () => {
    const open = openDataDir(paths());
    const cookie = open.writeCookie();
    open.writePid();
    const file = join(dir, 'regtest', '.cookie');
    expect(readFileSync(file, 'utf8')).toBe(`${cookie?.user}:${cookie?.password}`);
    expect(cookie?.password).toMatch(/^[0-9a-f]{64}$/);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    open.writeCookie(0o640);
    expect(statSync(file).mode & 0o777).toBe(0o640);
    expect(readFileSync(join(dir, 'regtest', 'bitcoind.pid'), 'utf8')).toBe(`${process.pid}\n`);
    open.close();
    expect(readdirSync(join(dir, 'regtest')).sort()).toEqual(['blocks', 'wallets']);
  });

  test('a refused second start removes nothing of the first', () => {
    const open = openDataDir(paths());
    open.writeCookie();
    expect(() => openDataDir(paths())).toThrow(ConfError);
    expect(existsSync(join(dir, 'regtest', '.cookie'))).toBe(true);
    // Another network directory, but the same block files.
    const other = { ...paths(), network: join(dir, 'other') };
    expect(() => openDataDir(other)).toThrow(`lock on directory ${paths().blocks}`);
    expect(existsSync(join(dir, 'other', '.lock'))).toBe(false);
    open.close();
  });

  test('no cookie where none is wanted', () => {
    const open = openDataDir({ ...paths(), cookie: undefined });
    expect(open.writeCookie()).toBeUndefined();
    open.close();
  });
});
