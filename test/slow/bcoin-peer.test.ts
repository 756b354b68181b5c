// coind and bcoin as peers of each other. bcoin is no dependency: install it anywhere (npm i bcoin@1.0.2) and say where,
// COIND_BCOIN=/there/node_modules/bcoin pnpm check:slow bcoin-peer
import { expect, onTestFinished, test } from 'vitest';
import { type Bcoin, bcoinPath, bcoinRules, startBcoin } from '../support/bcoin.ts';
import { type Daemon, startDaemon } from '../support/daemon.ts';
import { freePort } from '../support/free-port.ts';
import { until } from '../support/until.ts';

const why = bcoinPath === undefined ? ' (skipped: COIND_BCOIN does not say where bcoin is)' : '';
const BLOCKS = 1_000;
const SYNC_MS = 180_000;
/** From here on segwit holds, in both. */
const SEGWIT_HEIGHT = 432;

interface Pair {
  readonly bcoin: Bcoin;
  readonly coind: Daemon;
  /** Joins them by a connection of bcoin's: it syncs from nodes that it has chosen only. */
  callCoind(): Promise<void>;
  /** Joins them by a connection of coind's, or parts them. */
  join(isJoined: boolean): Promise<void>;
}

async function startPair(): Promise<Pair> {
  const bcoin = await startBcoin(bcoinPath as string);
  onTestFinished(() => bcoin[Symbol.asyncDispose]());
  const port = await freePort();
  const coind = await startDaemon({
    args: [
      '-listen=1',
      `-bind=127.0.0.1:${port}`,
      '-noconnect',
      '-fallbackfee=0.0002',
      ...bcoinRules,
    ],
  });
  onTestFinished(() => coind[Symbol.asyncDispose]());
  const node = `127.0.0.1:${bcoin.p2pPort}`;
  return {
    bcoin,
    coind,
    async callCoind() {
      await bcoin.call('addnode', `127.0.0.1:${port}`, 'onetry');
    },
    async join(isJoined) {
      await coind.client.setnetworkactive({ state: isJoined });
      if (!isJoined) return;
      // bcoin answers an encrypted handshake with a message instead of hanging up: the plain one, then.
      await coind.client.addnode({ node, command: 'onetry', v2transport: false });
      await until('the connection', async () => {
        const peers = await coind.client.getpeerinfo();
        return peers.some(({ version }) => version > 0);
      });
    },
  };
}

async function sameTip({ bcoin, coind }: Pair): Promise<string> {
  let tip = '';
  await until(
    'one tip',
    async () => {
      tip = await coind.client.getbestblockhash();
      return (await bcoin.call('getbestblockhash')) === tip;
    },
    SYNC_MS,
  );
  return tip;
}

test.skipIf(!bcoinPath)(`bcoin syncs ${BLOCKS} mixed blocks from coind${why}`, async () => {
  const pair = await startPair();
  const { client } = pair.coind;
  const address = await client.getnewaddress();
  await client.generatetoaddress({ nblocks: SEGWIT_HEIGHT, address });
  const types = ['legacy', 'p2sh-segwit', 'bech32', 'bech32m'] as const;
  for (let height = SEGWIT_HEIGHT; height < BLOCKS; height++) {
    // Some blocks are empty, most hold a few payments of one kind.
    for (let i = 0; i < height % 4; i++) {
      const to = await client.getnewaddress({ address_type: types[(height >> 2) % types.length] });
      await client.sendtoaddress({ address: to, amount: 10_000_000n });
    }
    await client.generatetoaddress({ nblocks: 1, address });
  }
  await pair.callCoind();
  await sameTip(pair);
  expect(await pair.bcoin.call('getblockcount')).toBe(BLOCKS);

  // A payment reaches bcoin's pool, and the block that holds it.
  const txid = String(await client.sendtoaddress({ address, amount: 50_000_000n }));
  await until('the payment', async () =>
    (await pair.bcoin.call<string[]>('getrawmempool')).includes(txid),
  );
  await client.generatetoaddress({ nblocks: 1, address });
  await sameTip(pair);
});

test.skipIf(!bcoinPath)(`coind syncs ${BLOCKS} mixed blocks from bcoin${why}`, async () => {
  const pair = await startPair();
  const { bcoin, coind } = pair;
  const address = await bcoin.wallet<string>('getnewaddress', 'default');
  const mine = (blocks: number) => bcoin.call('generatetoaddress', blocks, address);
  await mine(SEGWIT_HEIGHT);
  for (let height = SEGWIT_HEIGHT; height < BLOCKS; height += 4) {
    for (let i = 0; i < (height >> 2) % 4; i++) {
      await bcoin.wallet('sendtoaddress', await bcoin.wallet('getnewaddress', 'default'), 0.1);
    }
    await mine(4);
  }
  await pair.join(true);
  await sameTip(pair);
  expect(await coind.client.getblockcount()).toBe(BLOCKS);

  const txid = await bcoin.wallet<string>(
    'sendtoaddress',
    await bcoin.wallet('getnewaddress', 'default'),
    0.5,
  );
  await until('the payment', async () =>
    JSON.stringify(await coind.client.getrawmempool()).includes(txid),
  );
  await mine(1);
  await sameTip(pair);
});

test.skipIf(!bcoinPath)(`each follows the other through a reorganisation${why}`, async () => {
  const pair = await startPair();
  const { bcoin, coind } = pair;
  const theirs = await bcoin.wallet<string>('getnewaddress', 'default');
  const ours = await coind.client.getnewaddress();
  const mine = {
    bcoin: (blocks: number) => bcoin.call('generatetoaddress', blocks, theirs),
    coind: (nblocks: number) => coind.client.generatetoaddress({ nblocks, address: ours }),
  };
  await pair.join(true);
  await mine.coind(10);
  await sameTip(pair);
  for (const [winner, loser] of [
    ['coind', 'bcoin'],
    ['bcoin', 'coind'],
  ] as const) {
    await pair.join(false);
    await mine[loser](2);
    await mine[winner](4);
    await pair.join(true);
    // A block on top announces the better branch to whoever has not asked.
    await mine[winner](1);
    await sameTip(pair);
  }
  expect(await coind.client.getblockcount()).toBe(20);
});
