/** Ways from older layouts of a wallet's tables to today's, for stores and for backups. */
import type { Store, Upgrades } from '@coind/store';
import { openTables, UNSPENT_GROUPS, WALLET_SCHEMA } from './tables.ts';
import { UnitOfWork } from './unit-of-work.ts';

/** By the schema they start from; each may be cut off and run again. */
export const walletUpgrades: Upgrades = {
  1: coinsIntoIndex,
};

/** Brings rows that came from somewhere else, as of `schema`, to today's. */
export async function upgradeWallet(store: Store, schema: number): Promise<void> {
  for (let from = schema; from < WALLET_SCHEMA; from++) await walletUpgrades[from]?.(store);
}

/** Schema 1 had nothing but the key in the index of unspent coins; what each is stood only with the coin. */
async function coinsIntoIndex(store: Store): Promise<void> {
  const tables = openTables(store);
  for await (const chunk of tables.coins.chunks()) {
    const unit = new UnitOfWork();
    const owners = await tables.scripts.getMany(chunk.map(([, { script }]) => script));
    for (const [i, [outpoint, coin]] of chunk.entries()) {
      const { value, script, height, coinbase } = coin;
      const group = UNSPENT_GROUPS[coin.class];
      const owner = owners[i];
      if (group === undefined || !owner) continue;
      const key: [number, typeof value, typeof outpoint] = [group, value, outpoint];
      unit.put(tables.unspent, key, { script, height, coinbase, owner });
    }
    await store.commit(unit.writes());
  }
}
