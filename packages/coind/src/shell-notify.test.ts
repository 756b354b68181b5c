import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { runCommand, shellWord } from './shell-notify.ts';

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
