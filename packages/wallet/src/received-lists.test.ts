import { bytesToHex, chainParams } from '@coind/primitives';
import { decodeAddress, encodeAddress, witnessScript } from '@coind/script';
import { expect, test } from 'vitest';
import { FOREIGN, fundedWallet } from './fake-chain.test.fixture.ts';

const COIN = 100_000_000n;
const params = (() => {
  const found = chainParams('regtest');
  if (!found) throw new Error('there is a regtest');
  return found;
})();

/** bitcoind's address book goes by kind, then by what the address holds. */
function rankOf(script: string): string {
  const starts = ['76a914', 'a914', '0020', '0014', '5120'];
  const kind = starts.findIndex((start) => script.startsWith(start));
  return `${kind < 0 ? starts.length : kind} ${script}`;
}

/** A wallet with addresses of all kinds, some of them paid. */
async function booked() {
  const { wallet, chain } = await fundedWallet(1, { account: 'paid' });
  for (const type of ['legacy', 'p2sh-segwit', 'bech32', 'bech32m'] as const) {
    for (let n = 0; n < 4; n++) await wallet.newAddress({ label: `${type} ${n}`, type });
  }
  await wallet.setLabel(FOREIGN, 'somebody');
  for (const version of [1, 2, 16]) {
    const odd = encodeAddress(witnessScript(version, new Uint8Array(30)), params) as string;
    await wallet.setLabel(odd, `version ${version}`);
    await wallet.setLabel(
      encodeAddress(witnessScript(0, new Uint8Array(32).fill(version)), params) as string,
      'script',
    );
  }
  await wallet.send([{ address: await wallet.newAddress({ label: '' }), amount: COIN }]);
  await chain.mine(FOREIGN);
  return wallet;
}

test('addresses come in the order of bitcoind’s address book, in pages that make up the whole', async () => {
  const wallet = await booked();
  const whole = await wallet.listReceivedByAddress(0, true, 'all');
  expect(whole).toHaveLength(25);
  const ranks = whole.map(({ address }) => rankOf(bytesToHex(decodeAddress(address, params))));
  expect(ranks).toEqual(ranks.toSorted());
  for (const includeEmpty of [true, false]) {
    const all = await wallet.listReceivedByAddress(0, includeEmpty, 'all');
    const paged: unknown[] = [];
    for (let after: string | undefined; ; ) {
      const page = await wallet.listReceivedByAddress(0, includeEmpty, 'all', { after, limit: 2 });
      paged.push(...page);
      after = page.at(-1)?.address;
      if (after === undefined) break;
    }
    expect(paged).toEqual(all);
  }
  const only = whole[3]?.address as string;
  const just = (after?: string) => wallet.listReceivedByAddress(0, true, 'all', { only, after });
  expect(await just()).toEqual([whole[3]]);
  expect(await just(only)).toEqual([]);
});

test('labels come by name, in pages that make up the whole', async () => {
  const wallet = await booked();
  const whole = await wallet.listReceivedByLabel(0, true, 'all');
  expect(whole.map(({ label }) => label)).toEqual(whole.map(({ label }) => label).toSorted());
  expect(whole[0]?.label).toBe('');
  const paged: unknown[] = [];
  for (let after: string | undefined; ; ) {
    const page = await wallet.listReceivedByLabel(0, true, 'all', { after, limit: 3 });
    paged.push(...page);
    if (page.length === 0) break;
    after = page.at(-1)?.label;
  }
  expect(paged).toEqual(whole);
});
