/** When a node mines by itself: on every transaction, at intervals, and while a transaction waits. */
import { expect, onTestFinished, test } from 'vitest';
import { runCoind, startDaemon } from '../support/daemon.ts';
import { until } from '../support/until.ts';

/** Nobody's: its key is the program of BIP173's example. */
const SOMEBODY = 'bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080';

async function started(...args: readonly string[]) {
  const daemon = await startDaemon({ args });
  onTestFinished(() => daemon[Symbol.asyncDispose]());
  return daemon.client;
}

test('transaction: what is sent is confirmed when the sender is answered', async () => {
  const client = await started();
  await client.generatetoaddress({ nblocks: 101, address: await client.getnewaddress() });
  expect(await client.getminingmode()).toMatchObject({ mode: 'manual', blocks: 0 });
  expect(await client.setminingmode({ mode: 'transaction', address: SOMEBODY })).toMatchObject({
    mode: 'transaction',
  });
  const txid = await client.sendtoaddress({ address: SOMEBODY, amount: 1_000n });
  expect(await client.getrawmempool()).toEqual([]);
  expect(await client.gettransaction({ txid: txid as never })).toMatchObject({ confirmations: 1 });
  expect(await client.getblockcount()).toBe(102);
  const some = Array.from({ length: 5 }, () =>
    client.sendtoaddress({ address: SOMEBODY, amount: 1_000n }),
  );
  await Promise.all(some);
  expect(await client.getrawmempool()).toEqual([]);
  expect(await client.getminingmode()).toMatchObject({ mode: 'transaction' });

  expect(await client.setminingmode({ mode: 'manual' })).toMatchObject({ mode: 'manual' });
  await client.sendtoaddress({ address: SOMEBODY, amount: 1_000n });
  expect(await client.getrawmempool()).toHaveLength(1);
});

test('interval: blocks come by themselves, to the address that was given', async () => {
  const client = await started(
    '-mining=interval',
    '-mininginterval=1',
    `-miningaddress=${SOMEBODY}`,
    '-disablewallet',
  );
  expect(await client.getminingmode()).toMatchObject({ mode: 'interval', interval: 1 });
  await client.setminingmode({ mode: 'interval', interval: 0.05 });
  await until('a block', async () => (await client.getblockcount()) >= 3);
  const blockhash = await client.getblockhash({ height: 1 });
  const { tx } = (await client.getblock({ blockhash, verbosity: 2 })) as {
    readonly tx: readonly { readonly vout: readonly unknown[] }[];
  };
  expect(tx[0]?.vout[0]).toMatchObject({ scriptPubKey: { address: SOMEBODY } });
});

test('pending: at intervals too, but only while a transaction waits', async () => {
  const client = await started();
  await client.generatetoaddress({ nblocks: 101, address: await client.getnewaddress() });
  await client.setminingmode({ mode: 'pending', interval: 0.05, address: SOMEBODY });
  await client.sendtoaddress({ address: SOMEBODY, amount: 1_000n });
  await until('a block', async () => (await client.getblockcount()) === 102);
  expect(await client.getrawmempool()).toEqual([]);
  // Ten intervals later there is still nothing to mine.
  await new Promise((resolve) => setTimeout(resolve, 500));
  expect(await client.getblockcount()).toBe(102);
});

test('what cannot be is refused', async () => {
  const client = await started('-disablewallet');
  const refusal = (args: Parameters<typeof client.setminingmode>[0]) =>
    client.setminingmode(args).catch((error: { code: number; message: string }) => error);
  expect(await refusal({ mode: 'often' })).toMatchObject({
    code: -8,
    message:
      "Unknown mining mode 'often': there are manual, transaction, interval, pending, continuous",
  });
  expect(await refusal({ mode: 'interval', interval: 0 })).toMatchObject({ code: -8 });
  expect(await refusal({ mode: 'interval', address: 'nowhere' })).toMatchObject({ code: -5 });
  expect(await refusal({ mode: 'interval' })).toMatchObject({ code: -32601 });
  expect(await client.getminingmode()).toMatchObject({ mode: 'manual' });

  const start = (...args: readonly string[]) => runCoind(['-regtest', '-noconf', ...args]);
  expect((await start('-mining=often')).stderr).toContain("Unknown mining mode 'often'");
  expect((await start('-miningaddress=nowhere')).stderr).toContain(
    "Invalid -miningaddress: 'nowhere'",
  );
});
