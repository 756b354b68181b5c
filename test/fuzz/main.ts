/**
 * `pnpm fuzz [--target NAME] [--count N] [--seed S] [--first I] [--seconds T]`: feeds cases to one target or to all of
 * them. What is found is printed with the seed and the index that bring it back: `--count 1 --first I`.
 */
import { parseArgs } from 'node:util';
import { run, type WatchedReport } from './run.ts';
import { type TargetName, targets } from './targets/index.ts';

const MIB = 2 ** 20;
const SHOWN_OUTCOMES = 12;

const { values } = parseArgs({
  args: process.argv.slice(2).filter((arg) => arg !== '--'),
  options: {
    target: { type: 'string', multiple: true },
    count: { type: 'string', default: '100000' },
    seed: { type: 'string', default: '1' },
    first: { type: 'string', default: '0' },
    seconds: { type: 'string' },
  },
});
const names = (values.target ?? Object.keys(targets)) as TargetName[];
const unknown = names.filter((name) => !Object.hasOwn(targets, name));
if (unknown.length > 0) {
  process.stderr.write(
    `no target ${unknown.join(', ')}: there are ${Object.keys(targets).join(', ')}\n`,
  );
  process.exit(1);
}

const memory = ({ residentBytes, heapBytes }: WatchedReport['end']): string =>
  `${(residentBytes / MIB).toFixed(0)} MiB resident and ${(heapBytes / MIB).toFixed(1)} of heap`;

function describe(report: WatchedReport): string {
  const { cases, seconds, slowest, outcomes, warm, end } = report;
  const common = [...outcomes].sort(([, a], [, b]) => b - a);
  const shown = common.slice(0, SHOWN_OUTCOMES).map(([name, count]) => `${name} ${count}`);
  if (common.length > SHOWN_OUTCOMES) shown.push(`${common.length - SHOWN_OUTCOMES} others`);
  return [
    `  ${cases} cases in ${seconds.toFixed(1)} s (${Math.round(cases / seconds)} a second)`,
    `  slowest case ${slowest.index}: ${slowest.ms.toFixed(1)} ms`,
    `  warm ${memory(warm)}, at the end ${memory(end)}`,
    `  ${shown.join(', ')}`,
  ].join('\n');
}

const range = {
  seed: Number(values.seed),
  first: Number(values.first),
  count: Number(values.count),
  ...(values.seconds !== undefined && { seconds: Number(values.seconds) }),
};
let found = false;
for (const name of names) {
  process.stdout.write(`${name}, seed ${range.seed}\n`);
  try {
    process.stdout.write(`${describe(await run(name, range))}\n`);
  } catch (error) {
    found = true;
    process.stdout.write(`  FOUND ${error instanceof Error ? error.message : error}\n`);
  }
}
process.exit(found ? 1 : 0);
