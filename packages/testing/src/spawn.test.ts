import { expect, test } from 'vitest';
import { fund, mine } from './mine.ts';
import { spawn } from './spawn.ts';

/** What keeps a process alive: sockets and timers that count. */
const handles = () =>
  process.getActiveResourcesInfo().filter((name) => /TCP|Timeout|FSReq|Immediate/.test(name));

test('a node in process mines, pays, and leaves nothing behind', async () => {
  const before = handles();
  const { client, close } = await spawn();
  await mine(client, 101);
  expect(await client.getbalance()).toBe(5_000_000_000n);
  const address = await client.getnewaddress({ label: 'alice' });
  const txid = await fund(client, address, 10_000_000n);
  expect(await client.gettransaction({ txid })).toMatchObject({ confirmations: 1 });
  expect(await client.getbalance({ account: 'alice' })).toBe(10_000_000n);
  await close();
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(handles().length).toBeLessThanOrEqual(before.length + 1);
});

test('a payment whose block is reorganised away is pending again', async () => {
  await using node = await spawn();
  const { client } = node;
  await mine(client, 101);
  const txid = await fund(client, await client.getnewaddress(), 10_000_000n);
  await client.invalidateblock({ blockhash: await client.getbestblockhash() });
  expect(await client.gettransaction({ txid })).toMatchObject({ confirmations: 0 });
  expect(await client.getrawmempool()).toContain(txid);
  await mine(client, 1);
  expect(await client.gettransaction({ txid })).toMatchObject({ confirmations: 1 });
});

test('time stands where the test put it', async () => {
  await using node = await spawn({ mockTime: 1_700_000_000 });
  const { client } = node;
  const [hash] = await mine(client, 1);
  const header = await client.getblockheader({ blockhash: hash as NonNullable<typeof hash> });
  expect(header).toMatchObject({ time: 1_700_000_000 });
  await client.setmocktime({ timestamp: 1_800_000_000 });
  const [next] = await mine(client, 1);
  expect(
    await client.getblockheader({ blockhash: next as NonNullable<typeof next> }),
  ).toMatchObject({ time: 1_800_000_000 });
});

test('two nodes do not know of each other', async () => {
  await using one = await spawn();
  await using two = await spawn();
  await mine(one.client, 3);
  expect(await two.client.getblockcount()).toBe(0);
});

test('an option nobody knows is refused as on the command line', async () => {
  await expect(spawn({ args: ['-nosuch'] })).rejects.toThrow('Invalid parameter -nosuch');
  await expect(spawn({ args: ['-server=0'] })).rejects.toThrow('spawn needs RPC');
});
