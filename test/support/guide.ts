/**
 * Runs a page of docs/guide as it stands: every line of its console blocks that begins with `$` is done as a shell would,
 * and what it prints has to be what the page says. `…` stands for anything; alone in its line, for any lines. Of programs
 * there are coin-cli and curl, and those that the test brings along.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Spawned } from '@coind/testing';
import { run, type Surroundings } from 'coin-cli';
import { expect } from 'vitest';
import { repositoryRoot } from './root.ts';

const root = repositoryRoot(import.meta.dirname);
/** Where the pages say that the node is. */
const NODE_URL = 'http://127.0.0.1:18443/';

const AROUND: Surroundings = {
  env: {},
  stdin: () => {
    throw new Error('the guide types nothing in');
  },
  toTerminal: false,
  tell: () => undefined,
};

/** A page of the guide. */
export function readGuide(name: string): string {
  return readFileSync(join(root, 'docs/guide', `${name}.md`), 'utf8');
}

/** A program: its words in, everything it prints out. */
export type Program = (words: readonly string[]) => Promise<string>;

/** What a page is run with. */
export interface GuideSetting {
  readonly node: Spawned;
  /** Variables that the page uses without setting them. */
  readonly variables?: Readonly<Record<string, string>>;
  readonly programs?: Readonly<Record<string, Program>>;
}

/** Runs every step of a page; how many there were. */
export async function runGuide(
  markdown: string,
  { node, variables: given = {}, programs: others = {} }: GuideSetting,
): Promise<number> {
  const variables = new Map(Object.entries(given));
  const programs: Readonly<Record<string, Program>> = {
    'coin-cli': (words) => coinCli(node, words),
    curl: (words) => curl(node, words),
    ...others,
  };
  const perform = async (line: string): Promise<string> => {
    const [name = '', ...words] = wordsOf(line, variables);
    const program = programs[name];
    expect(program, name).toBeDefined();
    return (program as Program)(words);
  };
  const steps = stepsOf(markdown);
  for (const { command, output } of steps) {
    const [, name, value] = /^([A-Z]+)=(.*)$/.exec(command) ?? [];
    if (name === undefined) {
      expect(await perform(command), command).toMatch(patternOf(output, variables));
      continue;
    }
    const [, inner] = /^\$\((.*)\)$/.exec(value ?? '') ?? [];
    const printed = inner ? await perform(inner) : (value ?? '');
    expect(printed, command).toMatch(/^\w+\n?$/);
    variables.set(name, printed.trim());
  }
  return steps.length;
}

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

async function coinCli(node: Spawned, words: readonly string[]): Promise<string> {
  const { port } = new URL(node.url);
  const login = [`-rpcuser=${node.user}`, `-rpcpassword=${node.password}`];
  const { stdout, stderr } = await run(
    ['-regtest', `-rpcport=${port}`, ...login, ...words],
    AROUND,
  );
  return stdout + stderr;
}

/** `curl -s URL`. */
async function curl(node: Spawned, words: readonly string[]): Promise<string> {
  const [silent, url = ''] = words;
  expect([silent, words.length]).toEqual(['-s', 2]);
  return (await fetch(url.replace(NODE_URL, node.url))).text();
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
