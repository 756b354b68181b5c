import type { Store } from '@coind/store';
import { expect, test } from 'vitest';
import { FakeChain, fakeWallets } from './fake-chain.test.fixture.ts';

test('a wallet says which version had it open last, and remembers the next one', async () => {
  const chain = new FakeChain();
  const stores = new Map<string, Store>();
  /** What a program of that version logs when it makes or loads the wallet. */
  const opened = async (version: number | undefined) => {
    const options = version === undefined ? {} : { clientVersion: version };
    const isThere = stores.has('w');
    const { wallets, lines } = fakeWallets(chain, options, stores);
    await (isThere ? wallets.load('w') : wallets.create('w'));
    await wallets.close();
    return lines;
  };
  expect(await opened(160300)).toEqual([]);
  expect(await opened(319900)).toEqual(['[w] Last client version = 160300']);
  // One that has no number leaves what is there.
  expect(await opened(undefined)).toEqual(['[w] Last client version = 319900']);
  expect(await opened(319900)).toEqual(['[w] Last client version = 319900']);
  stores.clear();
  expect(await opened(undefined)).toEqual([]);
  expect(await opened(319900)).toEqual([]);
});
