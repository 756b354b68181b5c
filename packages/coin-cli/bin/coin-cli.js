#!/usr/bin/env node
// The bundle starts in half the time; without a fresh one the build of the modules does the same.
import { existsSync } from 'node:fs';

const launcher = new URL('../dist/bundle/launch.js', import.meta.url);
const bundle = existsSync(launcher) ? await import(launcher.href) : undefined;
const { main } =
  bundle && !bundle.isStale() ? bundle.launch().exports : await import('../dist/main.js');
process.exitCode = await main(process.argv.slice(2));
