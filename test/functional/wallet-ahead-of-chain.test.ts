/** A wallet that has seen more of the chain than the chain has, as after a loss of power. */
import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { startDaemon, temporaryDirectory } from '../support/daemon.ts';

const FOREIGN = 'mipcBbFg9gMiCh81Kj8tqqdgoZub1ZJRfn';
const args = ['-fallbackfee=0.0001'];

test('the files of an earlier chain under a later wallet: payments wait for a block again', async () => {
  const datadir = temporaryDirectory();
  const earlier = temporaryDirectory();
  const chainFiles = ['blocks', 'chainstate'];
  const here = (name: string) => join(datadir, 'regtest', name);
  try {
    let daemon = await startDaemon({ datadir, args });
    const address = await daemon.client.getnewaddress({ label: 'alice' });
    await daemon.client.generatetoaddress({ nblocks: 102, address });
    await daemon.stop();
    for (const name of chainFiles) {
      cpSync(here(name), join(earlier, name), { recursive: true });
    }

    daemon = await startDaemon({ datadir, args });
    const txid = await daemon.client.sendfrom({
      fromaccount: 'alice',
      toaddress: FOREIGN,
      amount: 150_000_000n,
    });
    await daemon.client.generatetoaddress({ nblocks: 3, address: FOREIGN });
    expect(await daemon.client.gettransaction({ txid })).toMatchObject({ confirmations: 3 });
    await daemon.client.move({ fromaccount: 'alice', toaccount: 'bob', amount: 7n });
    await daemon.stop();

    for (const name of chainFiles) {
      rmSync(here(name), { recursive: true });
      cpSync(join(earlier, name), here(name), { recursive: true });
    }
    daemon = await startDaemon({ datadir, args });
    expect(await daemon.client.getblockcount()).toBe(102);
    expect(await daemon.client.gettransaction({ txid })).toMatchObject({ confirmations: 0 });
    expect(await daemon.client.getrawmempool()).toEqual([txid]);
    expect(await daemon.client.getbalance({ account: 'bob' })).toBe(7n);
    await daemon.client.generatetoaddress({ nblocks: 1, address: FOREIGN });
    expect(await daemon.client.gettransaction({ txid })).toMatchObject({ confirmations: 1 });
    expect((await daemon.stop()).status).toBe(0);

    // Without its chain state and with fewer block files, as -reindex of a damaged disk leaves it.
    for (const name of chainFiles) rmSync(here(name), { recursive: true });
    daemon = await startDaemon({ datadir, args });
    expect(await daemon.client.getblockcount()).toBe(0);
    expect(await daemon.client.gettransaction({ txid })).toMatchObject({ confirmations: 0 });
    await daemon.client.generatetoaddress({ nblocks: 1, address: FOREIGN });
    expect((await daemon.stop()).status).toBe(0);
  } finally {
    rmSync(datadir, { recursive: true, force: true });
    rmSync(earlier, { recursive: true, force: true });
  }
});
