/**
 * `pnpm bench [NAME…]`: measures the build on this machine, now. Compare figures of one run only, and the
 * least before the median where others use the machine too.
 */
import { cpus, loadavg } from 'node:os';
import { hashing } from './hashing.ts';
import { formatResult, type Result } from './measure.ts';
import { mining } from './mining.ts';
import { rpc } from './rpc.ts';
import { search } from './search.ts';
import { startup } from './startup.ts';

const benches: Readonly<Record<string, () => Promise<readonly Result[]>>> = {
  startup,
  rpc,
  mining,
  hashing,
  search,
};

const asked = process.argv.slice(2);
const unknown = asked.filter((name) => !(name in benches));
if (unknown.length > 0) {
  process.stderr.write(
    `no benchmark ${unknown.join(', ')}: there are ${Object.keys(benches).join(', ')}\n`,
  );
  process.exit(1);
}
const [cpu] = cpus();
process.stdout.write(
  `node ${process.version}, ${cpus().length} × ${cpu?.model ?? 'unknown'}, load ${loadavg()[0]?.toFixed(1)}\n`,
);
for (const name of asked.length > 0 ? asked : Object.keys(benches)) {
  process.stdout.write(`\n${name}\n`);
  for (const result of (await benches[name]?.()) ?? []) {
    process.stdout.write(`${formatResult(result)}\n`);
  }
}
