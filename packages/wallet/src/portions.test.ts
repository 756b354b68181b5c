import { Block, BlockHeader, Tx, type Txid, ZERO_HASH, ZERO_TXID } from '@coind/primitives';
import { decodeAddress } from '@coind/script';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { FakeChain, FOREIGN, fakeWallets } from './fake-chain.test.fixture.ts';
import { PORTION_SIZE, portionsOf } from './portions.ts';

const COIN = 100_000_000n;
const chain = new FakeChain();

function txWith(outputs: number, script: Uint8Array, salt: number): Tx {
  return new Tx({
    version: 2,
    inputs: [
      {
        prevout: { txid: ZERO_TXID.replace('0', '1') as Txid, vout: salt },
        scriptSig: new Uint8Array(0),
        sequence: 0,
        witness: [],
      },
    ],
    outputs: Array.from({ length: outputs }, () => ({ value: COIN, scriptPubKey: script })),
    locktime: 0,
  });
}

test('portions are the whole block in its order, and none but a single transaction is long', () => {
  const header = new BlockHeader({
    version: 4,
    prevHash: chain.tip().hash,
    merkleRoot: ZERO_HASH,
    time: 0,
    bits: 0,
    nonce: 0,
  });
  fc.assert(
    fc.property(fc.array(fc.nat(1500), { minLength: 1, maxLength: 40 }), (sizes) => {
      const txs = sizes.map((size, i) => txWith(size, Uint8Array.of(0x51), i));
      const portions = portionsOf(new Block(header, txs));
      let next = 0;
      for (const { first, end } of portions) {
        expect(first).toBe(next);
        expect(end).toBeGreaterThan(first);
        const rows = sizes.slice(first, end - 1).reduce((sum, size) => sum + size + 1, 0);
        expect(rows).toBeLessThan(PORTION_SIZE);
        next = end;
      }
      expect(next).toBe(txs.length);
    }),
  );
});

/** A wallet of which the process dies at a commit of a large block. */
async function dyingWallet(commitsLeft: number) {
  const alive = new FakeChain();
  const { wallets, stores, errors } = fakeWallets(alive);
  const wallet = await wallets.create('w');
  const address = await wallet.newAddress({ label: 'alice' });
  for (let i = 0; i < 3; i++) await alive.mine(FOREIGN);
  const script = decodeAddress(address, alive.params);
  const txs = Array.from({ length: 5 }, (_, i) => txWith(600, script, i));
  const before = alive.fork();
  const store = stores.get('w');
  if (!store) throw new Error('the wallet has a store');
  const { commit } = store;
  let left = commitsLeft;
  store.commit = (writes, options) =>
    left-- > 0 ? commit.call(store, writes, options) : Promise.reject(new Error('power cut'));
  await expect(alive.mine(FOREIGN, txs)).rejects.toThrow('power cut');
  store.commit = commit;
  await wallet.close();
  // What held the wallet is gone with the process.
  const { wallets: again } = fakeWallets(alive, {}, stores);
  return { alive, before, wallets: again, errors, txs };
}

test.each([0, 1, 2])(
  'a large block that was cut off after %i portions is taken in whole',
  async (n) => {
    const { wallets, errors, txs } = await dyingWallet(n);
    const wallet = await wallets.load('w');
    expect(await wallet.balance()).toBe(3000n * COIN);
    expect(await wallet.accountBalance('alice')).toBe(3000n * COIN);
    expect((await wallet.transaction(txs[0]?.txid as Txid)).confirmations).toBe(1);
    expect((await wallet.journal('alice')).lines).toHaveLength(5);
    expect((await wallet.audit()).clean).toBe(true);
    expect(errors).toEqual([]);
  },
);

test('a cut off block that left the chain meanwhile counts for nothing', async () => {
  const { alive, before, wallets, txs } = await dyingWallet(2);
  alive.becomes(before);
  await alive.mine(FOREIGN);
  const wallet = await wallets.load('w');
  expect(await wallet.balance()).toBe(0n);
  expect(await wallet.accountBalance('alice')).toBe(0n);
  expect((await wallet.transaction(txs[0]?.txid as Txid)).confirmations).toBe(0);
  expect((await wallet.audit()).clean).toBe(true);
});
