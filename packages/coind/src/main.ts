/**
 * The program: arguments in, a node until somebody stops it, an exit status. Errors of the user go to stderr
 * as `Error: …` with status 1; a clean stop prints nothing there.
 */
import { spawn } from 'node:child_process';
import { ConfError } from '@coind/rpc/conf';
import { type Options, parseOptions } from './config.ts';
import { openDataDir } from './data-dir.ts';
import { keepHeapLean } from './heap.ts';
import { openLog } from './log.ts';
import { RebuildError } from './rebuild-error.ts';
import { formatUsage, formatVersion } from './usage.ts';

/** Runs the daemon with these arguments and returns its exit status. */
export async function main(argv: readonly string[]): Promise<number> {
  try {
    const request = parseOptions(argv, process.env);
    switch (request.kind) {
      case 'help':
        process.stdout.write(formatUsage(request.profile, request.debug));
        return 0;
      case 'version':
        process.stdout.write(formatVersion());
        return 0;
      case 'start':
        return await (request.options.daemon.background
          ? runInBackground(argv, request.options)
          : run(request.options));
    }
  } catch (error) {
    const lead = error instanceof RebuildError ? '' : 'Error: ';
    process.stderr.write(`${lead}${textOf(error)}\n`);
    return 1;
  }
}

/** Errors of the user are one sentence; anything else is ours, and wants its stack. */
function textOf(error: unknown): string {
  if (error instanceof ConfError || error instanceof RebuildError) return error.message;
  if (!(error instanceof Error)) return String(error);
  return ['StoreError', 'ChainError', 'WalletError', 'DescriptorError'].includes(error.name)
    ? error.message
    : (error.stack ?? error.message);
}

/** Runs a node in the foreground until a signal, `stop` or a failure ends it. */
async function run(options: Options): Promise<number> {
  keepHeapLean();
  for (const warning of options.warnings) process.stderr.write(`${warning}\n`);
  // Whatever the node writes is its owner's alone.
  process.umask(0o077);
  // The lock comes before the log: a second start must not write into the running node's file.
  const dataDir = openDataDir(options.paths);
  options.settingsFile.save();
  const log = openLog(options.log, options.notes);
  let failure: unknown;
  const stopping = new AbortController();
  const stop = () => stopping.abort();
  process.once('SIGINT', stop).once('SIGTERM', stop);
  try {
    const { startNode } = await import('./node.ts');
    const node = await startNode(options, {
      log,
      dataDir,
      signal: stopping.signal,
      onFailure: (error) => {
        failure = error;
      },
    });
    const stopNode = () => void node.stop().catch(() => undefined);
    if (stopping.signal.aborted) stopNode();
    else stopping.signal.addEventListener('abort', stopNode);
    process.on('SIGHUP', () => log.reopen());
    if (options.playground) {
      const { openPlayground } = await import('./playground.ts');
      await openPlayground(options, node);
    } else if (!options.log.console) {
      process.stdout.write(readyLine(options, node.rpc?.port));
    }
    process.send?.('ready');
    await node.stopped;
    log.info('Shutdown done');
  } catch (error) {
    log.error(textOf(error));
    throw error;
  } finally {
    log.close();
    dataDir.close();
  }
  if (failure !== undefined) throw whileRunning(failure);
  return 0;
}

/** bitcoind's words for what ends a running node; the log says the rest. */
function whileRunning(failure: unknown): ConfError {
  return new ConfError(
    `A fatal internal error occurred, see debug.log for details: ${textOf(failure)}`,
  );
}

function readyLine({ params }: Options, port: number | undefined): string {
  const where = port === undefined ? 'without RPC' : `RPC at http://127.0.0.1:${port}/`;
  return `coind ready: ${params.name}, ${where}\n`;
}

/** Starts the same command again without a terminal; -daemonwait returns when that one is ready. */
async function runInBackground(argv: readonly string[], { daemon }: Options): Promise<number> {
  process.stdout.write('coind starting\n');
  const [script = ''] = process.argv.slice(1);
  const child = spawn(
    process.execPath,
    [script, ...argv, '-nodaemon', '-nodaemonwait', '-printtoconsole=0'],
    {
      detached: true,
      stdio: daemon.wait ? ['ignore', 'ignore', 'pipe', 'ipc'] : 'ignore',
    },
  );
  if (!daemon.wait) {
    child.unref();
    return 0;
  }
  let complaint = '';
  child.stderr?.on('data', (chunk: Uint8Array) => {
    complaint += chunk;
  });
  const ready = await new Promise<boolean>((resolve) => {
    child.once('message', () => resolve(true));
    child.once('exit', () => resolve(false));
  });
  if (!ready) {
    process.stderr.write(complaint);
    return 1;
  }
  child.disconnect();
  child.stderr?.destroy();
  child.unref();
  return 0;
}
