/**
 * What a wallet's calls cost at chosen sizes: so many addresses, each paid once. Nothing but listing
 * everything may grow with the size, so the last lines compare the largest with the smallest.
 */
import { readFileSync, rmSync } from 'node:fs';
import { type Daemon, startDaemon, temporaryDirectory } from '../support/daemon.ts';
import { connection } from './connection.ts';
import { formatMs, type Result, residentMegabytes, summarise, timed } from './measure.ts';
import { ACCOUNTS, accountName, makeAddresses, mineOpenCoins, payAll } from './wallet-fixture.ts';

const DEFAULT_SIZES = '10,1000,10000';
/** Listing so many coins more than once is not worth the wait. */
const MANY_COINS = 50_000;
const WARM_UP = 20;

type Params = readonly unknown[];

/** Runs the benchmark at the sizes of `argument`, joined by commas. */
export async function wallet(argument = DEFAULT_SIZES): Promise<readonly Result[]> {
  const results: Result[] = [];
  const bySize: ReadonlyMap<string, Result>[] = [];
  for (const size of argument.split(',').map(Number)) {
    const datadir = temporaryDirectory();
    try {
      const measured = [...(await fill(datadir, size)), ...(await ask(datadir, size))];
      bySize.push(new Map(measured.map((result) => [result.name, result])));
      results.push(...measured.map((one) => ({ ...one, name: `${size}: ${one.name}` })));
    } finally {
      rmSync(datadir, { recursive: true, force: true });
    }
  }
  return [...results, ...compare(bySize)];
}

/** The time of each call at the last size in terms of the first. */
function compare(bySize: readonly ReadonlyMap<string, Result>[]): readonly Result[] {
  const [first] = bySize;
  const last = bySize.at(-1);
  if (!first || !last || first === last) return [];
  return [...last].flatMap(([name, large]) => {
    const small = first.get(name);
    if (!small) return [];
    const ratio = (large.medianMs / small.medianMs).toFixed(2);
    return [{ ...large, name: `last : first, ${name}`, note: `${ratio} ×` }];
  });
}

/** Makes the wallet and reports what an address and a coin cost, in processor time. */
async function fill(datadir: string, size: number): Promise<readonly Result[]> {
  await using daemon = await startDaemon({ datadir });
  const node = connection(daemon);
  await node('createwallet', 'big');
  const into = connection(daemon, 'wallet/big');
  const coins = await mineOpenCoins(daemon, size);
  const [addresses, perAddress] = await costOf(daemon, size, () => makeAddresses(into, size));
  const [, perCoin] = await costOf(daemon, size, async () => {
    await payAll(node, addresses, coins);
    // Answers when the wallet has seen the tip.
    await into('getbalance');
  });
  return [
    summarise('one address, processor', [perAddress]),
    summarise('taking in one coin, processor', [perCoin], memoryOf(daemon)),
  ];
}

/** Milliseconds of processor time that one of `count` pieces of `work` takes in the daemon. */
async function costOf<T>(
  { pid }: Daemon,
  count: number,
  work: () => Promise<T>,
): Promise<[T, number]> {
  const before = processorMs(pid);
  const result = await work();
  return [result, (processorMs(pid) - before) / count];
}

/** User and system time of a process; 0 where there is no /proc. */
function processorMs(pid: number): number {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
    return (Number(fields[11]) + Number(fields[12])) * 10;
  } catch {
    return 0;
  }
}

/** Starts again on the full wallet and measures its calls. */
async function ask(datadir: string, size: number): Promise<readonly Result[]> {
  let daemon: Daemon | undefined;
  const startMs = await timed(async () => {
    daemon = await startDaemon({ datadir, args: ['-fallbackfee=0.0002', '-wallet=big'] });
  });
  if (!daemon) throw new Error('no daemon');
  await using running = daemon;
  const started = summarise('start', [startMs], memoryOf(running));
  const call = connection(running);
  const address = accountName(1);
  const [own] = Object.keys(result(await call('getaddressesbylabel', address)) as object);
  const outside = 'bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080';
  const calls: readonly (readonly [string, string, Params, number])[] = [
    ['getbalance', 'getbalance', [], 200],
    ['getbalance ACCOUNT', 'getbalance', [accountName(0)], 200],
    ['getbalance ACCOUNT 6', 'getbalance', [accountName(0), 6], 200],
    ['getreceivedbyaddress', 'getreceivedbyaddress', [own], 200],
    ['getreceivedbyaccount', 'getreceivedbyaccount', [accountName(2)], 200],
    ['listaccounts', 'listaccounts', [], 200],
    ['getnewaddress', 'getnewaddress', [accountName(3)], 200],
    ['listtransactions ACCOUNT 10', 'listtransactions', [accountName(4), 10], 100],
    ['listtransactions * 10', 'listtransactions', ['*', 10], 100],
    ['listunspent of one address', 'listunspent', [1, 9999999, [own]], 100],
    ['sendfrom', 'sendfrom', [accountName(5), outside, 0.0002], 100],
    ['sendtoaddress', 'sendtoaddress', [outside, 0.0015], 100],
    ['move', 'move', [accountName(6), accountName(7), 0.00001], 100],
    ['listunspent of all', 'listunspent', [], size < MANY_COINS ? 3 : 1],
  ];
  const measured: Result[] = [];
  for (const [name, method, params, count] of calls) {
    if (size < 10 * ACCOUNTS && method.startsWith('send')) continue;
    const one = await latency(name, count, () => call(method, ...params));
    measured.push({ ...one, note: `${one.note}, ${memoryOf(running)}` });
  }
  return [started, ...measured];
}

function result(text: string): unknown {
  return (JSON.parse(text) as { result: unknown }).result;
}

/** Median, least and the slowest hundredth of `count` calls. */
async function latency(name: string, count: number, work: () => Promise<unknown>): Promise<Result> {
  const samples: number[] = [];
  for (let i = count > WARM_UP ? -WARM_UP : 0; i < count; i++) {
    const ms = await timed(work);
    if (i >= 0) samples.push(ms);
  }
  const sorted = [...samples].sort((a, b) => a - b);
  const slow = sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * 0.99))] ?? 0;
  return summarise(name, samples, `p99 ${formatMs(slow)}`);
}

function memoryOf({ pid }: Daemon): string {
  const megabytes = residentMegabytes(pid);
  return megabytes === undefined ? '' : `${megabytes.toFixed(0)} MB`;
}
