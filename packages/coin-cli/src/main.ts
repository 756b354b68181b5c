/** The program: hands the process to run.ts and its outcome to the shell. */
import { run } from './run.ts';

/** Runs the command line and returns its exit status. */
export async function main(argv: readonly string[]): Promise<number> {
  const outcome = await run(argv, {
    env: process.env,
    stdin: () => process.stdin,
    toTerminal: process.stdout.isTTY === true,
    tell: (text) => process.stderr.write(text),
  });
  if (outcome.stdout !== '') process.stdout.write(outcome.stdout);
  if (outcome.stderr !== '') process.stderr.write(outcome.stderr);
  return outcome.exitCode;
}
