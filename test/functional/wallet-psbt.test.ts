/** Payments that no wallet can sign alone, and spending everything. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { feeRate, type Txid } from '@coind/primitives';
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
      requests: [{ desc: descriptor, active: true, internal, range: [0, 10], timestamp: 'now' }],
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

test('a wallet that only watches is exported, and told of a payment by its proof', async () => {
  await using node = await spawn();
  const { client } = node;
  await mine(client, 101);
  await client.createwallet({ wallet_name: 'owner' });
  const owner = walletOf(node, 'owner');
  const address = await owner.getnewaddress({ label: 'rent' });
  const directory = await mkdtemp(join(tmpdir(), 'coind-export-'));
  try {
    const destination = join(directory, 'watching');
    await owner.exportwatchonlywallet({ destination });
    await client.restorewallet({ wallet_name: 'watching', backup_file: destination });
  } finally {
    await rm(directory, { recursive: true });
  }
  const watching = walletOf(node, 'watching');
  expect(await watching.getwalletinfo()).toMatchObject({ private_keys_enabled: false });
  expect(await watching.listlabels({})).toEqual(['rent']);
  const [first] = await client.listwallets();
  const txid = await walletOf(node, first as string).sendtoaddress({ address, amount: COIN });
  await mine(client, 1, FOREIGN);
  expect(await watching.getbalance({})).toBe(COIN);
  const txoutproof = await client.gettxoutproof({ txids: [txid as Txid] });
  const { hex } = await watching.gettransaction({ txid: txid as Txid });
  await watching.removeprunedfunds({ txid: txid as Txid });
  expect(await watching.getbalance({})).toBe(0n);
  await watching.importprunedfunds({ rawtransaction: hex, txoutproof });
  expect(await watching.getbalance({})).toBe(COIN);
});
