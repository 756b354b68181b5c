/**
 * The house rules a machine can check: which package may import which, no cycles, no file that nobody
 * imports, no stray console, every package with a README that says what it owns. When a rule here gets in the
 * way, change the rule in the open and say why in an ADR.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';

const root = resolve(import.meta.dirname, '..');

/** Who may import whom: docs/ARCHITECTURE.md draws the same table. */
const layers: Readonly<Record<string, readonly string[]>> = {
  primitives: [],
  script: ['primitives'],
  store: ['primitives'],
  rpc: ['primitives'],
  pow: ['primitives'],
  zmq: [],
  descriptors: ['primitives', 'script'],
  consensus: ['primitives', 'script'],
  chain: ['primitives', 'script', 'consensus', 'store'],
  wallet: ['primitives', 'script', 'descriptors', 'consensus', 'store'],
  mempool: ['primitives', 'script', 'consensus', 'chain'],
  miner: ['primitives', 'pow', 'script', 'consensus', 'chain', 'mempool'],
  p2p: ['primitives', 'script', 'consensus', 'chain', 'mempool'],
  coind: [
    ...['primitives', 'pow', 'script', 'descriptors', 'store', 'rpc', 'consensus', 'chain'],
    ...['wallet', 'mempool', 'miner', 'p2p', 'zmq'],
  ],
  'coin-cli': ['primitives', 'rpc'],
  'coin-miner': ['primitives', 'pow', 'script', 'rpc'],
  testing: ['primitives', 'rpc', 'coind'],
};

const shortName = (specifier: string): string =>
  specifier.replace(/^@coind\//, '').replace(/\/.*$/, '');
const isOurs = (specifier: string): boolean =>
  specifier.startsWith('@coind/') || /^(coind|coin-cli|coin-miner)(\/|$)/.test(specifier);

/** Every TypeScript file below `dir`, build output and dependencies left out. */
function sources(dir: string): string[] {
  return readdirSync(dir, { withFileTypes: true }).flatMap((entry) => {
    const path = join(dir, entry.name);
    if (entry.isDirectory()) {
      return ['node_modules', 'dist'].includes(entry.name) ? [] : sources(path);
    }
    return entry.name.endsWith('.ts') ? [path] : [];
  });
}

/** What a file names in import, export-from and dynamic import. */
function imports(text: string): string[] {
  const code = text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/^\s*\/\/.*$/gm, '');
  const found = code.matchAll(/(?:\bfrom\s+|\bimport\s+|\bimport\(\s*)'([^']+)'/g);
  return [...found].map((match) => match[1] as string);
}

const packages = readdirSync(join(root, 'packages')).sort();
const manifest = (name: string) =>
  JSON.parse(readFileSync(join(root, 'packages', name, 'package.json'), 'utf8')) as {
    dependencies?: Record<string, string>;
    description?: string;
  };
const files = packages.flatMap((name) => {
  const dir = join(root, 'packages', name, 'src');
  return sources(dir).map((path) => ({ name, path, text: readFileSync(path, 'utf8') }));
});
const isTest = (path: string) =>
  /\.test(?:\.[a-z]+)?\.ts$/.test(path) || path.includes('/test-support/');

describe('layers', () => {
  test('every package has its place', () => {
    expect(packages).toEqual(Object.keys(layers).sort());
  });

  test.each(packages)('%s depends on lower packages only', (name) => {
    const ours = Object.keys(manifest(name).dependencies ?? {})
      .filter(isOurs)
      .map(shortName);
    expect(ours.filter((other) => !layers[name]?.includes(other))).toEqual([]);
  });

  test('imports keep to the same table', () => {
    const wrong = files.flatMap(({ name, path, text }) =>
      imports(text)
        .filter(isOurs)
        .map(shortName)
        .filter((other) => !layers[name]?.includes(other) && !isTest(path))
        .map((other) => `${relative(root, path)} imports ${other}`),
    );
    expect(wrong).toEqual([]);
  });

  test('relative imports stay inside their package', () => {
    const wrong = files.flatMap(({ name, path, text }) =>
      imports(text)
        .filter((specifier) => specifier.startsWith('.'))
        .map((specifier) => resolve(dirname(path), specifier))
        .filter((target) => !target.startsWith(join(root, 'packages', name, 'src')))
        .map((target) => `${relative(root, path)} imports ${relative(root, target)}`),
    );
    expect(wrong).toEqual([]);
  });
});

/** The import graph of the files, types included: a cycle of types is a knot for readers too. */
const graph = new Map(
  files.map(({ path, text }) => [
    path,
    imports(text)
      .filter((specifier) => specifier.startsWith('.'))
      .map((specifier) => resolve(dirname(path), specifier)),
  ]),
);

describe('files', () => {
  test('no two import each other in a circle', () => {
    const state = new Map<string, 'open' | 'done'>();
    const cycles: string[] = [];
    const visit = (path: string, trail: readonly string[]): void => {
      if (state.get(path) === 'done') return;
      if (state.get(path) === 'open') {
        cycles.push(
          [...trail.slice(trail.indexOf(path)), path].map((p) => relative(root, p)).join(' → '),
        );
        return;
      }
      state.set(path, 'open');
      for (const next of graph.get(path) ?? []) visit(next, [...trail, path]);
      state.set(path, 'done');
    };
    for (const path of graph.keys()) visit(path, []);
    expect(cycles).toEqual([]);
  });

  test('every import of a file finds it', () => {
    const missing = [...graph].flatMap(([path, targets]) =>
      targets.filter((target) => !existsSync(target)).map((target) => `${path} → ${target}`),
    );
    expect(missing).toEqual([]);
  });

  test('none is imported by nobody', () => {
    const imported = new Set([...graph.values()].flat());
    const doors = files
      .filter(
        ({ path }) =>
          isTest(path) ||
          /\/(index|main|worker|[a-z-]+-worker|(?:digest|curve)-(?:node|noble|browser)|[a-z-]+\.d)\.ts$/.test(
            path,
          ),
      )
      .map(({ path }) => path);
    const stray = [...graph.keys()].filter((path) => !imported.has(path) && !doors.includes(path));
    expect(stray.map((path) => relative(root, path))).toEqual([]);
  });

  test('each opens by saying what lives there', () => {
    const silent = files
      .filter(({ path, text }) => !isTest(path) && !/^(#!.*\n)?(\/\*\*|\/\/)/.test(text))
      .map(({ path }) => relative(root, path));
    expect(silent).toEqual([]);
  });

  test('none holds what should not be committed', () => {
    const marks = [/\bFIXME\b/, /\bTODO\b/, /\bXXX\b/, /\.only\(/, /\bdebugger\b/];
    const found = files.flatMap(({ path, text }) =>
      marks.filter((mark) => mark.test(text)).map((mark) => `${relative(root, path)}: ${mark}`),
    );
    expect(found).toEqual([]);
  });

  test('rules have no clock, no randomness and no waiting', () => {
    const pure = files.filter(
      ({ name, path }) => ['consensus', 'descriptors', 'script'].includes(name) && !isTest(path),
    );
    const impure = pure
      .filter(({ text }) =>
        /\basync\b|\bawait\b|Date\.now|Math\.random|node:fs|node:net/.test(
          text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/\/\/.*$/gm, ''),
        ),
      )
      .map(({ path }) => relative(root, path));
    expect(impure).toEqual([]);
  });
});

describe('documents', () => {
  test.each(packages)('%s has a README that says what it owns and what not', (name) => {
    const readme = readFileSync(join(root, 'packages', name, 'README.md'), 'utf8');
    expect(readme).toMatch(/\bowns\b/i);
    expect(readme).toMatch(/\bdoes not own\b/i);
    expect(readme).toContain('```');
  });

  test('links between documents are alive', () => {
    const documents = ['README.md', 'CONTRIBUTING.md', 'docs/ARCHITECTURE.md'].concat(
      readdirSync(join(root, 'docs/adr')).map((file) => `docs/adr/${file}`),
    );
    const dead = documents.flatMap((document) => {
      const text = readFileSync(join(root, document), 'utf8');
      return [...text.matchAll(/\]\((?!https?:|#)([^)#]+)(?:#[^)]*)?\)/g)]
        .map((match) => match[1] as string)
        .filter((link) => !existsSync(resolve(root, dirname(document), link)))
        .map((link) => `${document}: ${link}`);
    });
    expect(dead).toEqual([]);
  });
});
