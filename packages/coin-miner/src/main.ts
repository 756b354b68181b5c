/** The program: ends with Ctrl-C or a termination signal, once the threads have stopped. */
import { run } from './run.ts';

/** Runs the command line and returns its exit status. */
export async function main(argv: readonly string[]): Promise<number> {
  const stop = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => stop.abort());
  const { env, stdout, stderr } = process;
  return run(argv, { env, stdout, stderr, signal: stop.signal });
}
