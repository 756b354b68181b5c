/** A node that begins with a snapshot of the unspent outputs: at once at its tip, and its past verified behind it. */
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BlockHash } from '@coind/primitives';
import { expect, onTestFinished, test } from 'vitest';
import {
  type Daemon,
  type DaemonOptions,
  startDaemon,
  temporaryDirectory,
} from '../support/daemon.ts';

const BASE_HEIGHT = 105;
const TIP_HEIGHT = 108;

async function started(options: DaemonOptions): Promise<Daemon> {
  const daemon = await startDaemon(options);
  onTestFinished(() => daemon[Symbol.asyncDispose]());
  return daemon;
}

/** The blocks of a node as hex, from height 1. */
async function blocksOf({ client }: Daemon): Promise<string[]> {
  const blocks: string[] = [];
  for (let height = 1; height <= (await client.getblockcount()); height++) {
    const blockhash = await client.getblockhash({ height });
    blocks.push((await client.getblock({ blockhash, verbosity: 0 })) as string);
  }
  return blocks;
}

test('a snapshot is loaded, survives kill -9, and is verified once its past is there', async () => {
  const place = temporaryDirectory();
  onTestFinished(() => rmSync(place, { recursive: true, force: true }));
  const network = { base: 'regtest', name: 'classroom', messageStart: '0badc0de' };
  const plain = join(place, 'plain.json');
  writeFileSync(plain, JSON.stringify(network));
  const miner = await started({ network: 'classroom', chain: plain });
  const address = await miner.client.getnewaddress();
  await miner.client.generatetoaddress({ nblocks: BASE_HEIGHT, address });
  const path = join(place, 'utxo.dat');
  const dumped = await miner.client.dumptxoutset({ path, type: 'latest' });
  await miner.client.generatetoaddress({ nblocks: TIP_HEIGHT - BASE_HEIGHT, address });
  const blocks = await blocksOf(miner);

  const vouching = join(place, 'vouching.json');
  const { base_hash, base_height, txoutset_hash, nchaintx } = dumped;
  const assumed = {
    height: base_height,
    blockHash: base_hash,
    hash: txoutset_hash,
    txCount: nchaintx,
  };
  writeFileSync(vouching, JSON.stringify({ ...network, assumeUtxo: [assumed] }));
  const datadir = join(place, 'node');
  const options = { network: 'classroom', chain: vouching, datadir };
  const first = await started({ ...options, datadir: temporaryDirectory() });
  await expect(first.client.loadtxoutset({ path })).rejects.toThrow(
    `The base block header (${base_hash}) must appear in the headers chain`,
  );
  for (const block of blocks) {
    await first.client.submitheader({ hexdata: block.slice(0, 160) });
  }
  for (const hexdata of blocks.slice(0, 10)) await first.client.submitblock({ hexdata });
  expect(await first.client.loadtxoutset({ path })).toMatchObject({
    coins_loaded: BASE_HEIGHT,
    tip_hash: base_hash,
    base_height: BASE_HEIGHT,
  });
  await expect(first.client.loadtxoutset({ path })).rejects.toThrow('more than once');
  expect(await first.client.getblockcount()).toBe(BASE_HEIGHT);
  await first.kill();

  const second = await started({ ...options, datadir: first.datadir });
  const { client } = second;
  expect((await client.getchainstates()).chainstates).toMatchObject([
    { blocks: 10, validated: true },
    { blocks: BASE_HEIGHT, validated: false, snapshot_blockhash: base_hash },
  ]);
  expect((await client.getblockchaininfo()).backgroundvalidation).toMatchObject({
    snapshotheight: BASE_HEIGHT,
    blocks: 10,
  });
  const unseen = await client.getblockhash({ height: 50 });
  await expect(client.getblock({ blockhash: unseen as BlockHash })).rejects.toThrow(
    'Block not available (not fully downloaded)',
  );
  for (const hexdata of blocks.slice(BASE_HEIGHT)) await client.submitblock({ hexdata });
  expect(await client.getblockcount()).toBe(TIP_HEIGHT);
  for (const hexdata of blocks.slice(10, BASE_HEIGHT)) await client.submitblock({ hexdata });
  await expect.poll(async () => (await client.getchainstates()).chainstates.length).toBe(1);
  const hashOf = async (node: Daemon) =>
    (await node.client.gettxoutsetinfo({ hash_type: 'muhash' })).muhash;
  expect(await hashOf(second)).toBe(await hashOf(miner));
  expect(await client.verifychain({ checklevel: 4, nblocks: 0 })).toBe(true);
});
