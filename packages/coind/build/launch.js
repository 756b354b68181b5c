/**
 * Runs a bundle: main.cjs with the machine code that V8 made of it when it was built, and stack traces that name
 * the TypeScript sources. The build copies this file beside each bundle.
 */
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createRequire, SourceMap } from 'node:module';
import { dirname, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { constants, Script } from 'node:vm';

const path = fileURLToPath(new URL('main.cjs', import.meta.url));
const codePath = `${path}.code`;

/**
 * True in a checkout where `tsc -b` has built a package since the bundle was made: then the bundle would
 * run yesterday's code. An installed package has no tsconfig.json and is always whole.
 */
export function isStale() {
  const folder = new URL('../../', import.meta.url);
  if (!existsSync(new URL('tsconfig.json', folder))) return false;
  const packages = new URL('../', folder);
  const made = statSync(path).mtimeMs;
  return readdirSync(packages).some((name) => {
    const build = new URL(`${name}/dist/tsconfig.tsbuildinfo`, packages);
    return existsSync(build) && statSync(build).mtimeMs > made;
  });
}

/** Evaluates the bundle. Returns what it exports, and a way to keep the code V8 has compiled by then. */
export function launch() {
  const source = readFileSync(path, 'latin1');
  const script = new Script(
    `(function (exports, require, module, __filename, __dirname) { ${source}\n})`,
    {
      filename: path,
      cachedData: codeOf(),
      importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
    },
  );
  Error.prepareStackTrace = mappedTrace;
  const module = { exports: /** @type {any} */ ({}) };
  const run = script.runInThisContext();
  run.call(module.exports, module.exports, createRequire(path), module, path, dirname(path));
  return {
    exports: module.exports,
    saveCode: () => writeFileSync(codePath, script.createCachedData()),
  };
}

/** V8 takes the code only when its own version and flags are those that made it, and compiles otherwise. */
function codeOf() {
  try {
    return readFileSync(codePath);
  } catch {
    return undefined;
  }
}

/** @type {SourceMap | undefined} */
let map;

/**
 * The text of a stack; the map is read when the first one is wanted.
 * @param {Error} error
 * @param {NodeJS.CallSite[]} frames
 */
function mappedTrace(error, frames) {
  const lines = frames.map((frame) => `\n    at ${inSources(frame)}`);
  return `${Error.prototype.toString.call(error)}${lines.join('')}`;
}

/** @param {NodeJS.CallSite} frame */
function inSources(frame) {
  const text = String(frame);
  if (frame.getFileName() !== path) return text;
  try {
    map ??= new SourceMap(JSON.parse(readFileSync(`${path}.map`, 'utf8')));
    const entry = map.findEntry(
      (frame.getLineNumber() ?? 1) - 1,
      (frame.getColumnNumber() ?? 1) - 1,
    );
    if (!('originalSource' in entry) || !entry.originalSource) return text;
    const file = relative(process.cwd(), resolve(dirname(path), entry.originalSource));
    return text.replace(
      /\(?[^\s(]*main\.cjs:\d+:\d+/,
      (place) =>
        `${place.startsWith('(') ? '(' : ''}${file}:${entry.originalLine + 1}:${entry.originalColumn + 1}`,
    );
  } catch {
    return text;
  }
}
