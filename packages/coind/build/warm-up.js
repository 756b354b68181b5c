/**
 * Lets each bundle do once what every start does, then keeps the code that V8 compiled for it. Run as a process of
 * its own (`node warm-up.js NAME DIRECTORY`), because the programs take over signals and the exit status.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const self = fileURLToPath(import.meta.url);

/** Writes `main.cjs.code` into `directory`. @param {string} name @param {string} directory */
export async function warmUp(name, directory) {
  const scratch = mkdtempSync(join(tmpdir(), 'coind-build-'));
  try {
    const { status, stderr } = spawnSync(process.execPath, [self, name, directory, scratch], {
      encoding: 'utf8',
      timeout: 60_000,
    });
    if (status !== 0) throw new Error(`${name} did not warm up (${status}): ${stderr}`);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** @type {Readonly<Record<string, (program: any, scratch: string) => Promise<void>>>} */
const starts = {
  async coind({ main }, scratch) {
    const ended = main([
      '-regtest',
      `-datadir=${scratch}`,
      '-rpcport=0',
      '-printtoconsole=0',
      '-listen=0',
    ]);
    const port = await portOf(process.stdout);
    const password = readFileSync(join(scratch, 'regtest/.cookie'), 'utf8');
    for (const method of ['getblockcount', 'stop']) {
      const answer = await fetch(`http://127.0.0.1:${port}/`, {
        method: 'POST',
        headers: { authorization: `Basic ${Buffer.from(password).toString('base64')}` },
        body: JSON.stringify({ method, params: [], id: 1 }),
      });
      if (!answer.ok) throw new Error(`${method}: ${await answer.text()}`);
    }
    if ((await ended) !== 0) throw new Error('the daemon failed');
  },
  async 'coin-cli'({ main }, scratch) {
    // Nobody listens on port 1: everything up to the connection runs, and the failure is the expected end.
    await main([
      '-regtest',
      `-datadir=${scratch}`,
      '-rpcport=1',
      '-rpcuser=u',
      '-rpcpassword=p',
      'getblockcount',
    ]);
    process.exitCode = 0;
  },
};

/** Waits for the ready line that names the port. @param {NodeJS.WriteStream} stdout */
function portOf(stdout) {
  const write = stdout.write.bind(stdout);
  return new Promise((found) => {
    stdout.write = (/** @type {any} */ text, /** @type {any[]} */ ...rest) => {
      const match = /RPC at http:\/\/127\.0\.0\.1:(\d+)\//.exec(String(text));
      if (match) found(Number(match[1]));
      return write(text, ...rest);
    };
  });
}

if (process.argv[1] === self) {
  const [name = '', directory = '', scratch = ''] = process.argv.slice(2);
  const { launch } = await import(pathToFileURL(join(directory, 'launch.js')).href);
  const { exports, saveCode } = launch();
  const start = starts[name];
  if (!start) throw new Error(`no such program: ${name}`);
  await start(exports, scratch);
  saveCode();
}
