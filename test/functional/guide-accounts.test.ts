/**
 * The guide to accounts, run as it stands: every line of its console blocks that begins with `$` is done as a shell
 * would, and what it prints has to be what the page says. `…` stands for anything; alone in its line, for any lines.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Spawned, spawn } from '@coind/testing';
import { run, type Surroundings } from 'coin-cli';
import { expect, test } from 'vitest';
import { repositoryRoot } from '../support/root.ts';

const root = repositoryRoot(import.meta.dirname);
const guide = readFileSync(join(root, 'docs/guide/accounts.md'), 'utf8');

const AROUND: Surroundings = {
  env: {},
  stdin: () => {
    throw new Error('the guide types nothing in');
  },
  toTerminal: false,
  tell: () => undefined,
};

interface Step {
  readonly command: string;
  readonly output: string;
}

/** The commands of all console blocks with what they print. */
function stepsOf(markdown: string): Step[] {
  const steps: Step[] = [];
  for (const [, margin = '', block = ''] of markdown.matchAll(/^( *)```console\n(.*?)^ *```$/gms)) {
    const text = block.replaceAll(new RegExp(`^${margin}`, 'gm'), '');
    for (const [, command = '', output = ''] of text.matchAll(/^\$ (.*)\n((?:(?!\$ ).*\n)*)/gm)) {
      steps.push({ command, output });
    }
  }
  return steps;
}

/** The words of a line as a shell has them: blanks part them, quotes hold them together, `$NAME` is replaced. */
function wordsOf(line: string, variables: ReadonlyMap<string, string>): string[] {
  const fill = (text: string) =>
    text.replace(/\$([A-Z]+)/g, (whole, name: string) => variables.get(name) ?? whole);
  const pieces = line.matchAll(/((?:"(?:\\.|[^"\\])*"|'[^']*'|[^\s"'])+)/g);
  return [...pieces].map(([word]) =>
    word.replaceAll(
      /"((?:\\.|[^"\\])*)"|'([^']*)'|([^"']+)/g,
      (_, double, single, bare) =>
        single ?? (bare === undefined ? fill(double).replaceAll('\\"', '"') : fill(bare)),
    ),
  );
}

/** Runs `coin-cli …` for the node; everything it prints. */
async function coinCli(node: Spawned, line: string, variables: ReadonlyMap<string, string>) {
  const [program, ...words] = wordsOf(line, variables);
  expect(program).toBe('coin-cli');
  const { port } = new URL(node.url);
  const login = [`-rpcuser=${node.user}`, `-rpcpassword=${node.password}`];
  const { stdout, stderr } = await run(
    ['-regtest', `-rpcport=${port}`, ...login, ...words],
    AROUND,
  );
  return stdout + stderr;
}

/** What the page says as a pattern; its variables stand for their values. */
function patternOf(output: string, variables: ReadonlyMap<string, string>): RegExp {
  const lines = output.split('\n').map((line) => {
    const filled = line.replace(/\$([A-Z]+)/g, (text, name: string) => variables.get(name) ?? text);
    return filled.split('…').map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  });
  const text = lines
    .map((parts) => (parts.join('') === '' && parts.length === 2 ? '[^]*' : parts.join('.*')))
    .join('\n');
  return new RegExp(`^${text.replace(/\[\^\]\*\n$/, '[^]*')}$`);
}

test('the guide to accounts does what it says', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'coind-guide-'));
  const variables = new Map([['TMP', directory]]);
  await using node = await spawn({ args: ['-fallbackfee=0.0002'] });
  // What the playground begins with.
  const { client } = node;
  await client.generatetoaddress({ nblocks: 201, address: await client.getnewaddress() });
  try {
    const steps = stepsOf(guide);
    expect(steps.length).toBeGreaterThan(35);
    for (const { command, output } of steps) {
      const [, name, value] = /^([A-Z]+)=(.*)$/.exec(command) ?? [];
      if (name !== undefined) {
        const [, inner] = /^\$\((.*)\)$/.exec(value ?? '') ?? [];
        const printed = inner ? await coinCli(node, inner, variables) : value;
        expect(printed, command).toMatch(/^\w+\n?$/);
        variables.set(name, (printed as string).trim());
        continue;
      }
      expect(await coinCli(node, command, variables), command).toMatch(
        patternOf(output, variables),
      );
    }
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}, 60_000);
