/**
 * The indexes of a real daemon: switched on over an old chain they catch up in the background, answer, live
 * through a reorganisation, resume after a stop and after a kill, and go on from where they stood.
 */
import { rmSync } from 'node:fs';
import type { BlockHash, Txid } from '@coind/primitives';
import { expect, onTestFinished, test } from 'vitest';
import { type Daemon, startDaemon, temporaryDirectory } from '../support/daemon.ts';

const INDEXES = [
  '-txindex',
  '-coinstatsindex',
  '-txospenderindex',
  '-blockfilterindex=basic',
  '-addressindex',
];
const NAMES = [
  'txindex',
  'coinstatsindex',
  'txospenderindex',
  'basic block filter index',
  'addressindex',
];

/** What a method that can also answer with text answered: the object. */
function detailed<T>(answer: T): Exclude<T, string> {
  if (typeof answer === 'string') throw new Error(`only text: ${answer}`);
  return answer as Exclude<T, string>;
}

/** Waits until every index stands at the tip. */
async function caughtUp({ client }: Daemon): Promise<void> {
  const height = await client.getblockcount();
  for (let tries = 0; tries < 200; tries++) {
    const infos = [...(await client.getindexinfo()).values()];
    if (infos.every((info) => info.synced && info.best_block_height === height)) return;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new Error('the indexes did not catch up');
}

/** What the indexes say of one address, and what a walk over the set says. */
async function answers({ client }: Daemon, address: string) {
  const [indexed, walked] = await Promise.all([
    client.gettxoutsetinfo({ hash_type: 'muhash' }),
    client.gettxoutsetinfo({ hash_type: 'muhash', use_index: false }),
  ]);
  return {
    indexed: indexed.muhash,
    walked: walked.muhash,
    balance: await client.getaddressbalance({ address }),
    coins: (await client.getaddressutxos({ address })).length,
    header: (await client.getblockfilter({ blockhash: await client.getbestblockhash() })).header,
  };
}

test('indexes over an old chain, through a reorganisation, a stop and a kill', async () => {
  const datadir = temporaryDirectory();
  onTestFinished(() => rmSync(datadir, { recursive: true, force: true }));
  let daemon = await startDaemon({ datadir });
  onTestFinished(async () => void (await daemon.kill()));
  const mine = await daemon.client.getnewaddress();
  const [oldest] = await daemon.client.generatetoaddress({ nblocks: 110, address: mine });
  expect((await daemon.client.getindexinfo()).size).toBe(0);
  await expect(daemon.client.getaddressbalance({ address: mine })).rejects.toMatchObject({
    code: -1,
  });
  await daemon.stop();

  daemon = await startDaemon({ datadir, args: INDEXES });
  await caughtUp(daemon);
  expect([...(await daemon.client.getindexinfo()).keys()]).toEqual(NAMES);
  expect([...(await daemon.client.getindexinfo({ index_name: 'txindex' })).keys()]).toEqual([
    'txindex',
  ]);
  const { client } = daemon;
  const block = detailed(await client.getblock({ blockhash: oldest as BlockHash }));
  const [coinbase] = block.tx;
  const shown = await client.getrawtransaction({ txid: coinbase as Txid, verbosity: 1 });
  expect(shown).toMatchObject({ blockhash: oldest, confirmations: 110 });

  const foreign = 'bcrt1q7ze6gjl48sg8pf4zg0u9e5anq72qa22q60ukpc';
  const sent = await client.sendtoaddress({ address: foreign, amount: 123_456_789n });
  const txid = sent as Txid;
  const [paying] = await client.generatetoaddress({ nblocks: 1, address: mine });
  expect(await client.getaddressbalance({ address: foreign })).toEqual({
    balance: 123_456_789n,
    received: 123_456_789n,
    txcount: 1,
  });
  expect(await client.getaddresshistory({ address: foreign })).toMatchObject([
    { txid, height: 111, blockindex: 1, amount: 123_456_789n },
  ]);
  const [input] = detailed(await client.getrawtransaction({ txid, verbosity: 1 })).vin;
  const outputs = [{ txid: input?.txid as Txid, vout: input?.vout as number }];
  expect(await client.gettxspendingprevout({ outputs })).toMatchObject([
    { spendingtxid: txid, blockhash: paying },
  ]);
  const scan = await client.scanblocks({
    action: 'start',
    scanobjects: [{ desc: `addr(${foreign})` }],
  });
  expect(scan).toMatchObject({ relevant_blocks: [paying], completed: true });

  const before = await answers(daemon, foreign);
  expect(before.indexed).toBe(before.walked);
  await client.invalidateblock({ blockhash: paying as BlockHash });
  expect(await client.getaddressbalance({ address: foreign })).toMatchObject({ balance: 0n });
  const without = await answers(daemon, foreign);
  expect(without.indexed).toBe(without.walked);
  await client.reconsiderblock({ blockhash: paying as BlockHash });
  expect(await answers(daemon, foreign)).toEqual(before);

  await daemon.stop();
  daemon = await startDaemon({ datadir, args: INDEXES });
  await caughtUp(daemon);
  expect(await answers(daemon, foreign)).toEqual(before);

  await daemon.client.generatetoaddress({ nblocks: 3, address: foreign });
  const after = await answers(daemon, foreign);
  await daemon.kill();
  daemon = await startDaemon({ datadir, args: INDEXES });
  await caughtUp(daemon);
  expect(await answers(daemon, foreign)).toEqual(after);
  expect(after.coins).toBe(4);
});

test('a call that waits for a block is answered when the node stops', async () => {
  const daemon = await startDaemon();
  const tip = await daemon.client.getbestblockhash();
  const waiting = daemon.client.waitfornewblock();
  // The request has to have arrived before `stop` does.
  await daemon.client.getblockcount();
  const stopped = daemon.stop();
  expect(await waiting).toEqual({ hash: tip, height: 0 });
  expect((await stopped).stderr).toBe('');
  await daemon[Symbol.asyncDispose]();
});
