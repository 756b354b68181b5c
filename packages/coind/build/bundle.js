/**
 * Puts each program into one file, because a daemon of two hundred small modules spends most of its start
 * looking for them (docs/adr/0011). `tsc -b` stays the type check and what libraries import; this only
 * serves the two commands. Beside each bundle: its source map, V8's code for it, the licences of what is in it.
 */
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { rolldown } from 'rolldown';
import { warmUp } from './warm-up.js';

const root = resolve(import.meta.dirname, '../../..');

/**
 * In our own sources `import.meta.url` finds what stands beside a module: native addons, worker files. In the
 * bundle it therefore has to point into the package's build, which is installed as a dependency.
 */
const packageUrls = {
  name: 'package-urls',
  /** @param {string} code @param {string} id */
  transform(code, id) {
    const path = relative(join(root, 'packages'), id);
    if (path.startsWith('..') || !code.includes('import.meta.url')) return null;
    const [folder = '', source, ...rest] = path.split('/');
    if (source !== 'src' || rest.length === 0) return null;
    const manifest = JSON.parse(
      readFileSync(join(root, 'packages', folder, 'package.json'), 'utf8'),
    );
    const file = rest.join('/').replace(/\.ts$/, '.js');
    const url = `new URL('${file}', $toUrl($require(import.meta.url).resolve('${manifest.name}'))).href`;
    const imports =
      "import { createRequire as $require } from 'node:module'; import { pathToFileURL as $toUrl } from 'node:url';";
    // All on the first line, so that the map of the other lines holds.
    return { code: `${imports} ${code.replaceAll('import.meta.url', url)}`, map: null };
  },
};

/** classic-level finds its addon beside itself; from the bundle the way leads over @coind/store and level. */
const levelAddon = {
  name: 'level-addon',
  /** @param {string} _code @param {string} id */
  transform(_code, id) {
    if (!/[\\/]classic-level[\\/]binding\.js$/.test(id)) return null;
    const code = `const { createRequire } = require('node:module');
let path = __filename;
for (const name of ['@coind/store', 'level', 'classic-level/binding.js']) path = createRequire(path).resolve(name);
module.exports = createRequire(path)('node-gyp-build')(require('node:path').dirname(path));
`;
    return { code, map: null };
  },
};

/** The licence texts of every package from npm that went into a bundle. @param {readonly string[]} ids */
function notices(ids) {
  const folders = new Set();
  for (const id of ids) {
    const match = /^(.*[\\/]node_modules[\\/](?:@[^\\/]+[\\/])?[^\\/]+)[\\/]/.exec(id);
    if (match) folders.add(match[1]);
  }
  return [...folders]
    .sort()
    .map((folder) => {
      const { name, version, license } = JSON.parse(
        readFileSync(join(folder, 'package.json'), 'utf8'),
      );
      const file = readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry));
      const text = file ? readFileSync(join(folder, file), 'utf8') : '';
      return `${name} ${version} (${license})\n\n${text}`;
    })
    .join(`\n${'-'.repeat(80)}\n`);
}

/** Bundles one program into `dist/bundle` of its package. @param {string} name */
async function bundle(name) {
  const folder = join(root, 'packages', name);
  const target = join(folder, 'dist/bundle');
  const build = await rolldown({
    cwd: root,
    input: join(folder, 'src/main.ts'),
    platform: 'node',
    // Straight from the sources, so that the map names them; the optional addons of ws are never installed.
    resolve: { conditionNames: ['source', 'node', 'import', 'default'] },
    external: [/^node:/, 'bufferutil', 'utf-8-validate'],
    plugins: [packageUrls, levelAddon],
  });
  const { output } = await build.generate({
    dir: target,
    format: 'cjs',
    codeSplitting: false,
    sourcemap: true,
    entryFileNames: 'main.cjs',
  });
  await build.close();
  const chunk = output.find((file) => file.type === 'chunk');
  if (chunk?.type !== 'chunk' || !chunk.map) throw new Error(`no bundle of ${name}`);
  const { sourcesContent: _, ...map } = chunk.map;

  // A whole directory takes the place of the old one: a daemon that starts meanwhile sees one or the other.
  const fresh = `${target}.${process.pid}`;
  mkdirSync(fresh, { recursive: true });
  // Only ASCII: then V8 keeps the text in one byte a character, and it is read without decoding.
  const ascii = chunk.code.replace(
    /[^\0-\x7f]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  writeFileSync(join(fresh, 'main.cjs'), ascii);
  writeFileSync(join(fresh, 'main.cjs.map'), JSON.stringify(map));
  writeFileSync(join(fresh, 'NOTICES.txt'), notices(chunk.moduleIds));
  copyFileSync(join(import.meta.dirname, 'launch.js'), join(fresh, 'launch.js'));
  rmSync(target, { recursive: true, force: true });
  renameSync(fresh, target);
  return target;
}

for (const name of ['coind', 'coin-cli']) {
  if (!existsSync(join(root, 'packages', name, 'dist/main.js'))) {
    throw new Error(`packages/${name} is not built: run tsc -b first`);
  }
  const target = await bundle(name);
  await warmUp(name, target);
}
