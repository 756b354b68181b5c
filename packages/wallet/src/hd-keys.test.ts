import { expect, test } from 'vitest';
import { fundedWallet } from './fake-chain.test.fixture.ts';

test('one master key behind the eight descriptors of a wallet', async () => {
  const { wallet } = await fundedWallet(0);
  const [key, ...more] = await wallet.hdKeys();
  expect(more).toEqual([]);
  expect(key?.xpub).toMatch(/^tpub/);
  expect(key?.xprv).toMatch(/^tprv/);
  expect(key?.descriptors).toHaveLength(8);
  const texts = key?.descriptors.map(({ descriptor }) => descriptor) ?? [];
  expect(texts).toEqual([...texts].sort());
  expect((await wallet.descriptors()).map(({ text }) => text)).toEqual(texts);
  expect(
    (await wallet.descriptors({ secrets: true })).every(({ text }) =>
      text.includes(key?.xprv ?? '?'),
    ),
  ).toBe(true);
});
