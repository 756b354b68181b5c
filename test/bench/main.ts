/**
 * `pnpm bench [NAME[=ARGUMENT]…]`: measures the build on this machine, now. Compare figures of one run
 * only, and the least before the median where others use the machine too. `wallet=1000,100000` chooses sizes.
 */
import { cpus, loadavg } from 'node:os';
import { connect } from './connect.ts';
import { hashing } from './hashing.ts';
import { formatResult, type Result } from './measure.ts';
import { mempool } from './mempool.ts';
import { mining } from './mining.ts';
import { rpc } from './rpc.ts';
import { search } from './search.ts';
import { startup } from './startup.ts';
import { wallet } from './wallet.ts';

const benches: Readonly<Record<string, (argument?: string) => Promise<readonly Result[]>>> = {
  startup,
  rpc,
  mining,
  mempool,
  connect,
  hashing,
  search,
  wallet,
};

const asked = process.argv.slice(2).map((word) => word.split('=', 2) as [string, string?]);
const unknown = asked.map(([name]) => name).filter((name) => !(name in benches));
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
const all = Object.keys(benches).map((name): [string, string?] => [name]);
for (const [name, argument] of asked.length > 0 ? asked : all) {
  process.stdout.write(`\n${name}\n`);
  for (const result of (await benches[name]?.(argument)) ?? []) {
    process.stdout.write(`${formatResult(result)}\n`);
  }
}
