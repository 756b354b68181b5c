/**
 * What calls cost is counted here in rows that are read, which no busy machine blurs: as many of a wallet with
 * a long history as of one with a short one, at any number of confirmations.
 */
import { memoryStore, type Store, type Table } from '@coind/store';
import { expect, test } from 'vitest';
import { FakeChain, FOREIGN, fakeWallets } from './fake-chain.test.fixture.ts';
import type { Wallet } from './wallet.ts';

interface Counted {
  readonly store: Store;
  rows: number;
}

/** A store that counts the rows which are read from it. */
function counted(): Counted {
  const inner = memoryStore();
  const found: Counted = {
    store: { ...bound(inner), table: (spec) => watch(inner.table(spec)) },
    rows: 0,
  };
  const watch = <K, V>(table: Table<K, V>): Table<K, V> => ({
    ...table,
    get: (key) => {
      found.rows++;
      return table.get(key);
    },
    getSync: (key) => {
      found.rows++;
      return table.getSync(key);
    },
    getMany: (keys) => {
      found.rows += keys.length;
      return table.getMany(keys);
    },
    async *entries(range) {
      for await (const row of table.entries(range)) {
        found.rows++;
        yield row;
      }
    },
    async *chunks(range) {
      for await (const rows of table.chunks(range)) {
        found.rows += rows.length;
        yield rows;
      }
    },
  });
  return found;
}

function bound(store: Store): Omit<Store, 'table'> {
  return {
    commit: (writes, options) => store.commit(writes, options),
    compact: () => store.compact(),
    close: () => store.close(),
  };
}

/** A wallet that got `count` coins in as many blocks, on addresses of three accounts. */
async function paid(count: number) {
  const chain = new FakeChain();
  const counts = counted();
  const { wallets } = fakeWallets(chain, {}, new Map([['w', counts.store]]));
  const wallet = await wallets.load('w');
  const addresses: string[] = [];
  for (let n = 0; n < count; n++) {
    const address = await wallet.newAddress({ label: `account ${n % 3}` });
    addresses.push(address);
    await chain.mine(address);
  }
  for (let n = 0; n < 100; n++) await chain.mine(FOREIGN);
  return { chain, wallet, counts, addresses };
}

test('no balance, sum, page or payment reads more rows of a longer history', async () => {
  const depths = [0, 1, 2, 6, 30];
  const calls: Record<
    string,
    (wallet: Wallet, address: string, depth: number) => Promise<unknown>
  > = {
    getbalance: (wallet, _, depth) => wallet.balance(depth),
    'getbalance ACCOUNT': (wallet, _, depth) => wallet.accountBalance('account 1', depth),
    'getbalance *': (wallet, _, depth) => wallet.allAccountsBalance(depth),
    getreceivedbyaddress: (wallet, address, depth) =>
      wallet.receivedByAddress(address, depth, 'all'),
    getreceivedbyaccount: (wallet, _, depth) => wallet.receivedByLabel('account 1', depth, 'all'),
    listaccounts: (wallet, _, depth) => wallet.listAccounts(depth),
    listreceivedbyaccount: (wallet, _, depth) => wallet.listReceivedByLabel(depth, true, 'all'),
    listtransactions: (wallet) => wallet.listTransactions({ by: 'all', moves: true }, 10),
    'listtransactions ACCOUNT': (wallet) =>
      wallet.listTransactions({ by: 'account', name: 'account 2', moves: true }, 10),
    'a page of listunspent': (wallet, _, depth) =>
      wallet.unspent({ minConfirmations: depth, maxCount: 5 }),
  };
  const rowsOf = async ({ wallet, counts, addresses }: Awaited<ReturnType<typeof paid>>) => {
    const rows = new Map<string, number>();
    for (const [name, call] of Object.entries(calls)) {
      for (const depth of depths) {
        counts.rows = 0;
        await call(wallet, addresses[7] as string, depth);
        rows.set(`${name} ${depth}`, counts.rows);
      }
    }
    const payment = [{ address: FOREIGN, amount: 100_000_000n }];
    // The first payment may read what later ones find in memory.
    await wallet.send(payment);
    counts.rows = 0;
    await wallet.send(payment);
    rows.set('sendtoaddress', counts.rows);
    return rows;
  };
  const short = await rowsOf(await paid(40));
  const long = await rowsOf(await paid(160));
  const grown = [...long].filter(([name, rows]) => rows > 1.5 * (short.get(name) ?? 0) + 10);
  expect(grown).toEqual([]);
}, 60_000);
