/**
 * How fast blocks are taken in, on one thread and on two: signed inputs in blocks of several sizes, empty
 * blocks, and a whole initial sync from another node. The time of processors, unlike that on the clock, says
 * something on a machine that others use too; it counts every thread.
 */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { CHAIN_SCHEMA, openChain } from '@coind/chain';
import { Block, bytesToHex, type ChainParams, chainParams } from '@coind/primitives';
import { openStore } from '@coind/store';
import { startDaemon, temporaryDirectory } from '../support/daemon.ts';
import { freePort } from '../support/free-port.ts';
import {
  emptyChain,
  type SignedChain,
  type Spending,
  signedChain,
} from '../support/signed-chain.ts';
import { peakMegabytes, processorMs, type Result, summarise, timed } from './measure.ts';

const INPUTS = 20_000;
const EMPTY_BLOCKS = 3000;

/** Runs the benchmark. */
export async function connect(): Promise<readonly Result[]> {
  const results: Result[] = [];
  for (const inputs of [200, 1000, 4000]) {
    const chain = signedChain('ecdsa', INPUTS / inputs, inputs);
    for (const threads of [1, 2]) results.push(await inputsOf('ecdsa', chain, inputs, threads));
  }
  const taproot = signedChain('taproot', 25, 200);
  for (const threads of [1, 2]) results.push(await inputsOf('taproot', taproot, 200, threads));
  results.push(await emptyBlocks(), await initialSync());
  return results;
}

/** A chain on disk that takes in `setup`, then `blocks` one after the other: milliseconds of each. */
async function takeIn(
  { setup, blocks }: SignedChain,
  scriptThreads: number,
): Promise<{ readonly wallMs: number[]; readonly cpuMs: number }> {
  const dir = temporaryDirectory();
  const params = chainParams('regtest') as ChainParams;
  const stamp = { network: params.name, kind: 'chain', schema: CHAIN_SCHEMA };
  const store = await openStore(join(dir, 'chainstate'), stamp);
  const options = { params, dir: join(dir, 'blocks'), scriptThreads };
  const chain = await openChain(options, { store, clock: { now: () => 1_800_000_000 } });
  const submit = async (bytes: Uint8Array) => {
    const { status } = await chain.submitBlock(Block.decode(bytes));
    if (status !== 'connected') throw new Error(`a block of the benchmark is ${status}`);
  };
  try {
    for (const bytes of setup) await submit(bytes);
    const wallMs: number[] = [];
    const before = process.cpuUsage();
    for (const bytes of blocks) wallMs.push(await timed(() => submit(bytes)));
    const { user, system } = process.cpuUsage(before);
    return { wallMs, cpuMs: (user + system) / 1000 };
  } finally {
    await chain.close();
    await store.close();
    rmSync(dir, { recursive: true, force: true });
  }
}

const perSecond = (count: number, ms: number) => `${Math.round((1000 * count) / ms)}/s`;

async function inputsOf(
  kind: Spending,
  chain: SignedChain,
  inputs: number,
  threads: number,
): Promise<Result> {
  const { wallMs, cpuMs } = await takeIn(chain, threads);
  const total = wallMs.reduce((sum, ms) => sum + ms, 0);
  const count = chain.blocks.length * inputs;
  return summarise(
    `${kind} input, block of ${inputs}, ${threads} thread${threads > 1 ? 's' : ''}`,
    wallMs.map((ms) => ms / inputs),
    `${perSecond(count, total)}, ${((1000 * cpuMs) / count).toFixed(0)} µs of processors each`,
  );
}

async function emptyBlocks(): Promise<Result> {
  const { wallMs, cpuMs } = await takeIn({ setup: [], blocks: emptyChain(EMPTY_BLOCKS) }, 1);
  const note = `${(cpuMs / EMPTY_BLOCKS).toFixed(2)} ms of processors each`;
  return summarise('empty block', wallMs, note);
}

/** One daemon is given a chain and serves it to another, whose sync is measured from its start. */
async function initialSync(): Promise<Result> {
  const { setup, blocks } = signedChain('ecdsa', 150, 200);
  const all = [...setup, ...blocks];
  const port = await freePort();
  await using source = await startDaemon({
    args: ['-listen=1', '-bind=127.0.0.1', `-port=${port}`, '-disablewallet'],
  });
  for (const bytes of all) await source.client.submitblock({ hexdata: bytesToHex(bytes) });
  const start = performance.now();
  await using daemon = await startDaemon({ args: [`-connect=127.0.0.1:${port}`] });
  while ((await daemon.client.getblockcount()) < all.length) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const ms = performance.now() - start;
  const count = 200 * blocks.length;
  const cpuMs = processorMs(daemon.pid) ?? Number.NaN;
  return summarise(
    'an input of an initial sync, from the start',
    [ms / count],
    `${perSecond(count, ms)}, ${((1000 * cpuMs) / count).toFixed(0)} µs of processors each, peak ${peakMegabytes(daemon.pid)?.toFixed(0)} MB`,
  );
}
