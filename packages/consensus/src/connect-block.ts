/** What connecting a block changes. */
import type { OutPoint, Sats } from '@coind/primitives';
import type { Coin } from './coins.ts';
import type { ScriptCheck } from './script-check.ts';

/** What a valid block does to the coins, and the scripts that remain to be checked. */
export interface BlockEffects {
  /** Every coin that was spent, in order of inputs, the coinbase left out: the undo record. */
  readonly spent: readonly Coin[];
  /** Outpoints to delete from the set: spent, and made before this block. */
  readonly spentOutpoints: readonly OutPoint[];
  /** Coins to add to the set: made and not spent within the block; unspendable ones left out. */
  readonly created: readonly (readonly [OutPoint, Coin])[];
  /** Sum over all transactions but the coinbase. */
  readonly fees: Sats;
  /** Empty when `rules.checkScripts` is false. */
  readonly scripts: readonly ScriptCheck[];
}
