/** A wallet of scripts: addresses of a miniscript and of a script tree, what they say of themselves, and spending them. */
import type { Txid } from '@coind/primitives';
import { createClient } from '@coind/rpc/client';
import { mine, type Spawned, spawn } from '@coind/testing';
import { expect, test } from 'vitest';

const FOREIGN = 'mipcBbFg9gMiCh81Kj8tqqdgoZub1ZJRfn';
const COIN = 100_000_000n;
const SECRET =
  'tprv8ZgxMBicQKsPdDdJFAqvG3mt4VqsVV125X4vsor5NxK366upt6qvovLQqaCi5SJiCE1aLkt3HtxsnTpzeGu27kPC5RUCr4h3oPBPYnAvhdE';
const OTHER =
  'tpubD6NzVbkrYhZ4WaWSyoBvQwbpLkojyoTZPRsgXELWz3Popb3qkjcJyJUGLnL4qHHoQvao8ESaAstxYSnhyswJ76uZPStJRJCTKvosUCJZL5B';
/** A point that nobody has the key of. */
const NUMS = '50929b74c1a04954b78b4b6035e97a5e078a5a0f28ec96d547bfee9ace803ac0';

function walletOf({ url, user, password }: Spawned, name: string) {
  return createClient({ url: `${url}wallet/${encodeURIComponent(name)}`, user, password });
}

/** A wallet with one active descriptor, the two paths of which are receiving and change. */
async function scriptWallet(node: Spawned, name: string, descriptor: string) {
  const { client } = node;
  const info = await client.getdescriptorinfo({ descriptor });
  await client.createwallet({ wallet_name: name, blank: true });
  const wallet = walletOf(node, name);
  const outcomes = await wallet.importdescriptors({
    requests: [
      { desc: `${descriptor}#${info.checksum}`, active: true, range: [0, 10], timestamp: 'now' },
    ],
  });
  expect(outcomes).toMatchObject([{ success: true }]);
  return { wallet, outcomes, info };
}

test.each([
  [
    'a miniscript in P2WSH, whose other key may spend after a day',
    'bech32',
    `wsh(or_d(pk(${SECRET}/<0;1>/*),and_v(v:pkh(${OTHER}/<0;1>/*),older(144))))`,
    /^wsh\(or_d\(pk\(\[4ba43603\/0\/0\]0[23]/,
  ],
  [
    'a tree of which only a leaf can be signed for',
    'bech32m',
    `tr(${NUMS},{pk(${OTHER}/<0;1>/*),and_v(v:pk(${SECRET}/<0;1>/*),after(50))})`,
    /^tr\(\[[0-9a-f]{8}\]50929b74.*\{.*and_v\(v:pk\(\[4ba43603\/0\/0\]/,
  ],
])('%s', async (_name, type, descriptor, said) => {
  await using node = await spawn();
  const { client } = node;
  await mine(client, 101);
  const [rich = ''] = await client.listwallets();
  const { wallet, info } = await scriptWallet(node, 'scripts', descriptor);
  expect(info).toMatchObject({ isrange: true, issolvable: true, hasprivatekeys: true });
  const address = await wallet.getnewaddress({ address_type: type as never });
  const about = await wallet.getaddressinfo({ address });
  expect(about).toMatchObject({
    ismine: true,
    solvable: true,
    desc: expect.stringMatching(said),
  });
  // No one key is behind the address.
  expect(about).not.toHaveProperty('hdkeypath');
  expect(about).not.toHaveProperty('pubkey');
  await walletOf(node, rich).sendtoaddress({ address, amount: 3n * COIN });
  await mine(client, 1, FOREIGN);
  const txid = await wallet.sendtoaddress({ address: FOREIGN, amount: COIN });
  await mine(client, 1, FOREIGN);
  expect(await wallet.gettransaction({ txid: txid as Txid })).toMatchObject({ confirmations: 1 });
  const left = await wallet.getbalance({});
  expect(left).toBeGreaterThan(19n * (COIN / 10n));
  expect(left).toBeLessThan(2n * COIN);
});

test('what is hardly meant is said, what is not safe is refused', async () => {
  await using node = await spawn();
  const { client } = node;
  const { outcomes } = await scriptWallet(
    node,
    'late',
    `wsh(and_v(v:pk(${SECRET}/0/*),older(65536)))`,
  );
  expect(outcomes).toMatchObject([
    { warnings: ['height-based relative locktime: older(65536) > 65535 blocks is unsafe'] },
  ]);
  const unsafe = `wsh(or_b(pk(${SECRET}/0/*),s:or_i(older(5),0)))`;
  await expect(client.getdescriptorinfo({ descriptor: unsafe })).rejects.toMatchObject({
    code: -5,
    message: expect.stringContaining('is not sane: witnesses without signature exist'),
  });
});

test.each(['legacy', 'p2sh-segwit', 'bech32'] as const)(
  'an own %s output is signed for without a word of what is behind it',
  async (type) => {
    await using node = await spawn();
    const { client } = node;
    const address = await client.getnewaddress({ address_type: type });
    const { scriptPubKey } = await client.getaddressinfo({ address });
    const spent = { txid: '1d'.repeat(32) as Txid, vout: 3 };
    const hexstring = await client.createrawtransaction({
      inputs: [spent],
      outputs: [{ address, amount: COIN }],
    });
    const prevtx = { ...spent, scriptPubKey, amount: COIN };
    const sign = (prevtxs: (typeof prevtx & { redeemScript?: string })[]) =>
      client.signrawtransactionwithwallet({ hexstring, prevtxs });
    expect(await sign([prevtx])).toMatchObject({ complete: true });
    if (type !== 'p2sh-segwit') return;
    // What is said is still to be true, and where only keys are given it must be said.
    await expect(sign([{ ...prevtx, redeemScript: '51' }])).rejects.toMatchObject({ code: -8 });
    await expect(
      client.signrawtransactionwithkey({ hexstring, privkeys: [], prevtxs: [prevtx] }),
    ).rejects.toThrow('Missing redeemScript/witnessScript');
  },
);
