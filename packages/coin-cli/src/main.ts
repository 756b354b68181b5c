/** The program: hands the process to run.ts and its outcome to the shell. */
import { run } from './run.ts';

const outcome = await run(process.argv.slice(2), {
  env: process.env,
  stdin: () => process.stdin,
  toTerminal: process.stdout.isTTY === true,
  tell: (text) => process.stderr.write(text),
});
if (outcome.stdout !== '') process.stdout.write(outcome.stdout);
if (outcome.stderr !== '') process.stderr.write(outcome.stderr);
process.exitCode = outcome.exitCode;
