/** Payments that no wallet can sign alone, and spending everything. */
import { feeRate } from '@coind/primitives';
import { createClient } from '@coind/rpc/client';
import { mine, type Spawned, spawn } from '@coind/testing';
import { expect, test } from 'vitest';

const FOREIGN = 'mipcBbFg9gMiCh81Kj8tqqdgoZub1ZJRfn';
const COIN = 100_000_000n;

/** A client of one wallet of a node. */
function walletOf({ url, user, password }: Spawned, name: string) {
  return createClient({ url: `${url}wallet/${encodeURIComponent(name)}`, user, password });
}

test('two of three wallets pay from what they have in common', async () => {
  await using node = await spawn();
  const { client } = node;
  await mine(client, 101);
  const signers = ['ann', 'bob', 'cat'];
  for (const name of signers) await client.createwallet({ wallet_name: name });
  const keys = await Promise.all(
    signers.map(async (name) => {
      const { descriptors } = await walletOf(node, name).listdescriptors();
      const own = descriptors.find(({ desc, internal }) => desc.startsWith('wpkh') && !internal);
      return (own?.desc.match(/\((.*)\/0\/\*\)/) ?? [])[1];
    }),
  );
  await client.createwallet({ wallet_name: 'common', disable_private_keys: true, blank: true });
  const common = walletOf(node, 'common');
  for (const internal of [false, true]) {
    const paths = keys.map((key) => `${key}/${internal ? 1 : 0}/*`);
    const { descriptor } = await client.getdescriptorinfo({
      descriptor: `wsh(sortedmulti(2,${paths.join(',')}))`,
    });
    const [outcome] = await common.importdescriptors({
      requests: [
        { desc: descriptor, active: true, internal, range: [0, 10], timestamp: 'now', label: '' },
      ],
    });
    expect(outcome?.success).toBe(true);
  }
  const [first] = await client.listwallets();
  const rich = walletOf(node, first as string);
  await rich.sendtoaddress({ address: await common.getnewaddress({}), amount: 3n * COIN });
  await mine(client, 1, FOREIGN);
  const funded = await common.walletcreatefundedpsbt({
    outputs: [{ address: FOREIGN, amount: COIN }],
    options: { fee_rate: feeRate(5_000n) },
  });
  const { psbt: half, complete } = await walletOf(node, 'ann').walletprocesspsbt({
    psbt: funded.psbt,
  });
  expect(complete).toBe(false);
  const done = await walletOf(node, 'cat').walletprocesspsbt({ psbt: half });
  expect(done.complete).toBe(true);
  await client.sendrawtransaction({ hexstring: done.hex as string });
  await mine(client, 1, FOREIGN);
  expect(await common.getbalance({})).toBe(2n * COIN - funded.fee);
});

test('sendall spends everything; send makes a PSBT where it is asked to', async () => {
  await using node = await spawn();
  const { client } = node;
  await mine(client, 103);
  const asked = await client.send({
    outputs: [{ address: FOREIGN, amount: COIN }],
    options: { psbt: true, fee_rate: feeRate(2_000n) },
  });
  expect(asked.complete).toBe(true);
  expect(await client.finalizepsbt({ psbt: asked.psbt as string })).toMatchObject({
    hex: asked.hex,
    complete: true,
  });
  expect(await client.getrawmempool()).toEqual([]);
  const { txid } = await client.sendall({ recipients: [{ address: FOREIGN }] });
  expect(await client.getrawmempool()).toEqual([txid]);
  expect(await client.getbalance({})).toBe(0n);
});
