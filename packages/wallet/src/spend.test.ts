import { withChecksum } from '@coind/descriptors';
import { expect, test } from 'vitest';
import { FakeChain, FOREIGN, fakeWallets } from './fake-chain.test.fixture.ts';
import { systemRandom } from './wallets.ts';

const ROOT =
  'tprv8ZgxMBicQKsPdDdJFAqvG3mt4VqsVV125X4vsor5NxK366upt6qvovLQqaCi5SJiCE1aLkt3HtxsnTpzeGu27kPC5RUCr4h3oPBPYnAvhdE';

/** Sets every locktime back as far as it goes. */
const unlucky = { ...systemRandom, below: (limit: number) => (limit === 10 ? 0 : limit - 1) };

/** A wallet on a chain of 101 blocks with one mature coin that may be spent from the height `after` on. */
async function patientWallet(after: number) {
  const chain = new FakeChain();
  const { wallets } = fakeWallets(chain, {}, undefined, unlucky);
  const wallet = await wallets.create('w', { blank: true });
  const outcomes = await wallet.importDescriptors(
    [false, true].map((internal) => ({
      descriptor: withChecksum(`wsh(and_v(v:pk(${ROOT}/${internal ? 1 : 0}/*),after(${after})))`),
      timestamp: 'now',
      active: true,
      internal,
    })),
  );
  expect(outcomes).toMatchObject([{ success: true }, { success: true }]);
  await chain.mine(await wallet.newAddress());
  for (let i = 0; i < 100; i++) await chain.mine(FOREIGN);
  return wallet;
}

const payment = [{ address: FOREIGN, amount: 100_000_000n }];

test('a locktime is set back now and then', async () => {
  const { tx } = await (await patientWallet(1)).send(payment);
  expect(tx.locktime).toBe(2);
});

test('one that chance set back too far for a script is not insisted on', async () => {
  const { tx } = await (await patientWallet(101)).send(payment);
  expect(tx.locktime).toBe(101);
});

test('a script that may be spent later only is not signed for', async () => {
  const wallet = await patientWallet(102);
  await expect(wallet.send(payment)).rejects.toMatchObject({ key: 'signing-failed' });
  await expect(wallet.send(payment, { locktime: 50 })).rejects.toMatchObject({
    key: 'signing-failed',
  });
});
