import { describe, expect, test } from 'vitest';
import { parseDump } from './dump.ts';
import { FakeChain, FOREIGN, fakeWallets, fundedWallet } from './fake-chain.test.fixture.ts';

const COIN = 100_000_000n;
const FOREIGN_KEY = 'cSF56Y8EQdUUzpkjtYapmNqfZRyV6pKz2GY9MBBsNpZmdtzuzL4p';

async function dumped(wallet: {
  dumpKeys: (by: string, write: (t: string) => void) => Promise<void>;
}) {
  let text = '';
  await wallet.dumpKeys('a test', (piece) => {
    text += piece;
  });
  return text;
}

describe('keys as text', () => {
  test('another wallet that reads them has the same coins and labels', async () => {
    const { wallet, chain } = await fundedWallet(2, { account: 'with space & %', keypool: 3 });
    const pay = await wallet.send([{ address: FOREIGN, amount: COIN }]);
    await chain.mine(FOREIGN);
    const text = await dumped(wallet);
    expect(text).toMatch(
      /^# Wallet dump created by a test\n# \* Created on 2023-11-14T22:13:20Z\n/,
    );
    expect(text).toMatch(/\n# End of dump\n$/);
    expect(text).toContain('label=with%20space%20%26%20%25 # addr=');
    const { wallets } = fakeWallets(chain);
    const other = await wallets.create('other', { blank: true });
    await other.importDump(text);
    expect(await other.balance()).toBe(await wallet.balance());
    expect(await other.transaction(pay.tx.txid)).toMatchObject({ confirmations: 1 });
    expect(await other.listLabels()).toEqual(['with space & %']);
    // A second time changes nothing: names given since are kept.
    for (const { address } of await other.addressesByLabel('with space & %')) {
      await other.setLabel(address, 'renamed');
    }
    await other.importDump(text);
    expect(await other.listLabels()).toEqual(['renamed']);
  });

  test('a text of bitcoind 0.16 is understood', () => {
    const text = [
      '# Wallet dump created by Bitcoin v0.16.3',
      '',
      '# extended private masterkey: tprv8Zgx',
      '',
      `${FOREIGN_KEY} 2018-01-31T12:00:00Z label=a%20b # addr=${FOREIGN},2N5 hdkeypath=m/0'/0'/1'`,
      'cUkPXYd1X7WRquMrEKkheZyF5ih3se8eTLKhD5oDdVicobo16Fuy 1970-01-01T00:00:01Z reserve=1 # addr=m',
      '0014abcd 0 script=1 # addr=x',
      'no key at all',
      '# End of dump',
    ].join('\r\n');
    expect(parseDump(text, new FakeChain().params)).toEqual([
      { wif: FOREIGN_KEY, time: 1517400000, label: 'a b', isSeed: false, keyPath: "m/0'/0'/1'" },
      { wif: 'cUkPXYd1X7WRquMrEKkheZyF5ih3se8eTLKhD5oDdVicobo16Fuy', time: 1, isSeed: false },
    ]);
  });

  test('a locked wallet shows nothing and takes nothing', async () => {
    const { wallet } = await fundedWallet(0);
    await wallet.encryption.encrypt('p');
    await expect(dumped(wallet)).rejects.toMatchObject({ key: 'wallet-locked' });
    await expect(wallet.importDump(FOREIGN_KEY)).rejects.toMatchObject({ key: 'wallet-locked' });
  });
});
