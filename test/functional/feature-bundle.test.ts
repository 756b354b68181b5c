/** The bundled commands: that they are what runs, that their traces name the sources, that age shows. */
import { copyFileSync, mkdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';
import { run, temporaryDirectory } from '../support/daemon.ts';
import { repositoryRoot } from '../support/root.ts';

const launcher = (name: string) =>
  join(repositoryRoot(import.meta.dirname), 'packages', name, 'dist/bundle/launch.js');

/** Runs a few lines of JavaScript that have a launcher as `it`. */
async function withLauncher(path: string, lines: string) {
  const directory = temporaryDirectory();
  try {
    const script = join(directory, 'script.mjs');
    writeFileSync(script, `import * as it from ${JSON.stringify(pathToFileURL(path))};\n${lines}`);
    return await run(script, []);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

// Elsewhere somebody may be at work, with `tsc -b` alone.
test.runIf(process.env.CI).each(['coind', 'coin-cli'])(
  '%s was bundled after it was built',
  async (name) => {
    const { stdout, stderr } = await withLauncher(launcher(name), 'console.log(it.isStale());');
    expect(stderr).toBe('');
    expect(stdout).toBe('false\n');
  },
);

test('a stack trace names the TypeScript sources', async () => {
  // No caller passes this: an error of ours, for which the daemon prints where it happened.
  const { stderr } = await withLauncher(
    launcher('coind'),
    'process.exitCode = await it.launch().exports.main(null);',
  );
  expect(stderr).toMatch(/^Error: TypeError: /);
  expect(stderr).toMatch(/packages\/[a-z]+\/src\/[a-z-]+\.ts:\d+:\d+/);
  expect(stderr).not.toMatch(/main\.cjs:\d/);
});

test('a build that is newer than the bundle makes it stale, an installed package never is', async () => {
  const directory = temporaryDirectory();
  try {
    const bundle = join(directory, 'coind/dist/bundle');
    const built = join(directory, 'chain/dist');
    for (const folder of [bundle, built]) mkdirSync(folder, { recursive: true });
    writeFileSync(join(directory, 'package.json'), '{"type":"module"}');
    writeFileSync(join(bundle, 'main.cjs'), '');
    copyFileSync(launcher('coind'), join(bundle, 'launch.js'));
    const buildInfo = join(built, 'tsconfig.tsbuildinfo');
    writeFileSync(buildInfo, '');
    const isStale = async () =>
      (await withLauncher(join(bundle, 'launch.js'), 'console.log(it.isStale());')).stdout;

    const soon = Date.now() / 1000 + 60;
    utimesSync(buildInfo, soon, soon);
    expect(await isStale()).toBe('false\n');
    writeFileSync(join(directory, 'coind/tsconfig.json'), '{}');
    expect(await isStale()).toBe('true\n');
    utimesSync(buildInfo, soon - 3600, soon - 3600);
    expect(await isStale()).toBe('false\n');
  } finally {
    rmSync(directory, { recursive: true });
  }
});
