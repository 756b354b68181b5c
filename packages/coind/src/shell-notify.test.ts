import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BlockHash, Txid } from '@coind/primitives';
import type { TxState } from '@coind/wallet';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { isNews, runCommand, shellQuoted, shellWord, walletCommand } from './shell-notify.ts';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'coind-notify-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

test('what is given to the shell is one word of plain text', () => {
  expect(shellWord('bits 3, (a/b): ok?')).toBe("'bits 3, (a/b): ok?'");
  expect(shellWord('\'; rm -rf $HOME `x` \n"&|<>')).toBe("'; rm -rf HOME x '");
});

test('a command runs in the shell, and one that fails is logged', async () => {
  const errors: string[] = [];
  const log = { error: (message: string) => void errors.push(message) };
  const file = join(dir, 'out.txt');
  await runCommand(`echo ${shellWord('hello there')} > "${file}"`, log);
  expect(readFileSync(file, 'utf8').trim()).toContain('hello there');
  expect(errors).toEqual([]);
  await runCommand('exit 3', log);
  expect(errors).toEqual(['runCommand error: system(exit 3) returned 3']);
  expect(existsSync(file)).toBe(true);
});

const TXID = 'ab'.repeat(32) as Txid;
const REF = { hash: 'cd'.repeat(32) as BlockHash, height: 7 };
const confirmed: TxState = { kind: 'confirmed', ref: REF, index: 0 };
const conflicted: TxState = { kind: 'conflicted', ref: REF };
const mempool: TxState = { kind: 'mempool' };
const inactive: TxState = { kind: 'inactive', abandoned: false };

test('a command for a wallet names transaction, wallet and block, each wherever it stands', () => {
  const command = 'tell %s %w %b %h %s 100%';
  expect(walletCommand(command, "Eve's", { txid: TXID, state: confirmed })).toBe(
    `tell ${TXID} 'Eve'"'"'s' ${REF.hash} 7 ${TXID} 100%`,
  );
  // A name that looks like a placeholder stays a name.
  expect(walletCommand('%w %h', '%s', { txid: TXID, state: mempool })).toBe("'%s' -1");
  expect(walletCommand('%b', '', { txid: TXID, state: inactive })).toBe('unconfirmed');
});

test.skipIf(process.platform === 'win32')('the shell gets every name as it is', async () => {
  const name = Array.from({ length: 127 }, (_, i) => String.fromCharCode(i + 1)).join('');
  const file = join(dir, 'name');
  await runCommand(`printf %s ${shellQuoted(name)} > "${file}"`, { error: () => undefined });
  expect(readFileSync(file, 'utf8')).toBe(name);
});

test('a wallet command runs for what came, changed its block, or was contradicted', () => {
  const news = (before: TxState | undefined, state: TxState, contradicted = false) =>
    isNews({ before, state, contradicted });
  expect(news(undefined, inactive)).toBe(true);
  expect(news(inactive, mempool)).toBe(true);
  expect(news(mempool, confirmed)).toBe(true);
  expect(news(confirmed, confirmed)).toBe(true);
  expect(news(confirmed, inactive)).toBe(true);
  expect(news(mempool, inactive, true)).toBe(true);
  expect(news(mempool, conflicted)).toBe(true);
  // Replaced or expired, given up, or found to be contradicted long after it was replaced.
  expect(news(mempool, inactive)).toBe(false);
  expect(news(inactive, inactive)).toBe(false);
  expect(news(inactive, conflicted)).toBe(false);
});
