import { type OutPoint, Tx, type Txid, ZERO_TXID } from '@coind/primitives';
import { decodeAddress } from '@coind/script';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { backupBytes, FakeChain, FOREIGN, fakeWallets } from './fake-chain.test.fixture.ts';
import type { Wallet } from './wallet.ts';

const COIN = 100_000_000n;
const seed = new Uint8Array(32).fill(7);

/** Addresses in two accounts, one without a name, and somebody else's. */
async function addressesOf(wallet: Wallet): Promise<string[]> {
  const alice = await wallet.newAddress({ label: 'alice' });
  const bob = await wallet.newAddress({ label: 'bob' });
  return [alice, bob, await wallet.changeAddress(), FOREIGN];
}

/** A block to be: places of addresses, and which of the outputs paid so far are spent. */
interface Drawn {
  readonly miner: number;
  readonly txs: readonly { readonly spends: number; readonly pays: readonly number[] }[];
}

/** One block: who gets the subsidy, and transactions that pay some and spend what earlier ones paid. */
const blocks: fc.Arbitrary<Drawn[]> = fc.array(
  fc.record({
    miner: fc.nat(3),
    txs: fc.array(
      fc.record({ spends: fc.nat(30), pays: fc.array(fc.nat(3), { minLength: 1, maxLength: 3 }) }),
      { maxLength: 3 },
    ),
  }),
  { minLength: 11, maxLength: 30 },
);

/** Mines what was drawn, then as many empty blocks as it takes for the first coinbases to mature. */
async function mineAll(
  chain: FakeChain,
  addresses: readonly string[],
  drawn: readonly Drawn[],
): Promise<void> {
  const paid: OutPoint[] = [];
  const address = (index: number): string => addresses[index] as string;
  for (const { miner, txs } of drawn) {
    const made = txs.map(({ spends, pays }, nth) => {
      const salt = { txid: ZERO_TXID.replace('0', '1') as Txid, vout: paid.length + nth };
      const [prevout = salt] = paid.splice(spends % Math.max(1, paid.length), 1);
      const tx = new Tx({
        version: 2,
        inputs: [{ prevout, scriptSig: new Uint8Array(0), sequence: paid.length, witness: [] }],
        outputs: pays.map((to) => ({
          value: COIN,
          scriptPubKey: decodeAddress(address(to), chain.params),
        })),
        locktime: nth,
      });
      tx.outputs.forEach((_, vout) => {
        paid.push({ txid: tx.txid, vout });
      });
      return tx;
    });
    await chain.mine(address(miner), made);
  }
  for (let i = 0; i < 90; i++) await chain.mine(FOREIGN, []);
}

test('blocks taken in together leave the same rows as one after the other, also after a crash', async () => {
  await fc.assert(
    fc.asyncProperty(
      blocks,
      fc.integer({ min: 2, max: 70 }),
      fc.nat(6),
      async (drawn, step, dies) => {
        const chain = new FakeChain();
        const { wallets, errors, stores } = fakeWallets(chain);
        const live = await wallets.create('live', { seed });
        const late = await wallets.create('late', { seed });
        const addresses = await addressesOf(live);
        expect(await addressesOf(late)).toEqual(addresses);
        await wallets.unload('late');
        await mineAll(chain, addresses, drawn);
        chain.catchUpBlocks = step;

        const store = stores.get('late');
        if (!store) throw new Error('the wallet has a store');
        const { commit } = store;
        let left = dies;
        store.commit = (writes, options) =>
          left-- > 0 ? commit.call(store, writes, options) : Promise.reject(new Error('power cut'));
        await wallets.load('late').then(
          () => wallets.unload('late'),
          () => undefined,
        );
        store.commit = commit;

        const caughtUp = await wallets.load('late');
        // Who lags knows more of the keypool, because somebody may have handed it out.
        for (const wallet of [live, caughtUp]) await wallet.refillKeypool();
        expect(await backupBytes(caughtUp)).toEqual(await backupBytes(live));
        expect((await caughtUp.audit()).clean).toBe(true);
        expect(errors).toEqual([]);
      },
    ),
    { numRuns: 3 },
  );
}, 60_000);
