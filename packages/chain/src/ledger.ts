/**
 * A ledger is a set of coins and the block it belongs to. There is one, at the tip; while a snapshot is
 * being verified there are two, and each has tables of its own in the same store, so that a step of either
 * is one batch with the headers.
 */
import type { BlockRef, Coin } from '@coind/consensus';
import type { OutPoint } from '@coind/primitives';
import type { Store, Table } from '@coind/store';
import type { BlockIndex, BlockNode } from './block-index.ts';
import { CoinsCache } from './coins-cache.ts';
import { type LedgerSlot, ledgerTables } from './tables.ts';

/** The tables of a ledger. */
export interface LedgerStore {
  readonly slot: LedgerSlot;
  readonly coinTable: Table<OutPoint, Coin>;
  readonly tipTable: Table<undefined, BlockRef>;
  readonly coins: CoinsCache;
}

/** A set of coins and the block after which they are the unspent outputs. */
export interface Ledger extends LedgerStore {
  readonly tip: BlockNode;
  /** Moves it to a child of the tip or to its parent. */
  setTip(node: BlockNode): void;
}

/** The tables at `slot`, with `cacheBytes` of memory for their coins. */
export function openLedgerStore(store: Store, slot: LedgerSlot, cacheBytes: number): LedgerStore {
  const specs = ledgerTables[slot];
  const coinTable = store.table(specs.coins);
  return {
    slot,
    coinTable,
    tipTable: store.table(specs.tip),
    coins: new CoinsCache(coinTable, cacheBytes),
  };
}

/** A ledger on its own, apart from the active chain. */
export function ledgerAt(store: LedgerStore, tip: BlockNode): Ledger {
  let at = tip;
  return {
    ...store,
    get tip() {
      return at;
    },
    setTip(node) {
      at = node;
    },
  };
}

/** The ledger that stands at the tip of the active chain. */
export function activeLedger(store: LedgerStore, index: BlockIndex): Ledger {
  return {
    ...store,
    get tip() {
      return index.tip;
    },
    setTip: (node) => index.setTip(node),
  };
}

/** The other place. */
export function otherSlot(slot: LedgerSlot): LedgerSlot {
  return slot === 0 ? 1 : 0;
}

/** Forgets what lies at a slot; the tip first, because coins without it are known to be worthless. */
export async function clearLedger({ coins, tipTable }: LedgerStore): Promise<void> {
  await tipTable.clear();
  await coins.clear();
}

/** True when nothing lies at a slot. */
export async function isLedgerEmpty({ coinTable, tipTable }: LedgerStore): Promise<boolean> {
  if (tipTable.getSync(undefined)) return false;
  for await (const _ of coinTable.entries({ limit: 1 })) return false;
  return true;
}
