import { feeRate } from '@coind/primitives';
import { expect, test } from 'vitest';
import { FOREIGN, fundedWallet } from './fake-chain.test.fixture.ts';

const COIN = 100_000_000n;

test('addresses are joined by what is spent together and by change', async () => {
  const { chain, wallet } = await fundedWallet(1, { account: 'mine' });
  const a = await wallet.newAddress({ label: 'a' });
  const b = await wallet.newAddress({ label: 'b' });
  const options = { feeRate: feeRate(2000n) };
  await wallet.send([{ address: a, amount: 10n * COIN }], options);
  await chain.mine(FOREIGN);
  await wallet.send([{ address: b, amount: 5n * COIN }], options);
  await chain.mine(FOREIGN);

  const groups = await wallet.addressGroupings();
  const total = groups.flat().reduce((sum, { balance }) => sum + balance, 0n);
  expect(total).toBe(await wallet.balance());
  const groupOf = (label: string) =>
    groups.find((group) => group.some((one) => one.label === label));
  // The mined coin and its change are one owner's; somebody paid may be anybody.
  expect(groupOf('mine')?.some(({ label }) => label === undefined)).toBe(true);
  expect(groupOf('b')).toEqual([{ address: b, balance: 5n * COIN, label: 'b' }]);
  for (const group of groups)
    expect(new Set(group.map((one) => one.address)).size).toBe(group.length);
});
