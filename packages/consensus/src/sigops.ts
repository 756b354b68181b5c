/**
 * What the signature operations of a transaction cost (BIP141): four for each in its scripts and in
 * P2SH redeem scripts, one for each in a witness. A block may cost 80,000.
 */
import type { Tx, TxOutput } from '@coind/primitives';
import { countSigops, Flags, p2shSigops, witnessSigops } from '@coind/script';
import { spentCoins } from './check-tx.ts';
import type { CoinsView } from './coins.ts';
import { WITNESS_SCALE_FACTOR } from './limits.ts';

/** Sigops in the scripts of `tx` itself, without what it spends and without its witness. */
export function legacySigops(tx: Tx): number {
  let count = 0;
  for (const { scriptSig } of tx.inputs) count += countSigops(scriptSig, false);
  for (const { scriptPubKey } of tx.outputs) count += countSigops(scriptPubKey, false);
  return count;
}

/** Sigops in the redeem scripts that `tx` shows (BIP16); `spent` in order of inputs. */
export function redeemSigops(tx: Tx, spent: readonly TxOutput[]): number {
  let count = 0;
  for (const [i, { scriptSig }] of tx.inputs.entries()) {
    count += p2shSigops(scriptSig, (spent[i] as TxOutput).scriptPubKey);
  }
  return count;
}

/** Sigop cost of `tx`, which spends `spent`, in order of inputs; empty for a coinbase. */
export function sigopCostOf(tx: Tx, spent: readonly TxOutput[], flags: number): number {
  let cost = legacySigops(tx) * WITNESS_SCALE_FACTOR;
  if (tx.isCoinbase) return cost;
  if ((flags & Flags.P2SH) !== 0) cost += redeemSigops(tx, spent) * WITNESS_SCALE_FACTOR;
  if ((flags & Flags.WITNESS) !== 0) {
    for (const [i, { scriptSig, witness }] of tx.inputs.entries()) {
      cost += witnessSigops(scriptSig, (spent[i] as TxOutput).scriptPubKey, witness);
    }
  }
  return cost;
}

/** `sigopCostOf` with the coins taken from a view. Throws `ValidationError` when one is missing. */
export function sigopCost(tx: Tx, coins: CoinsView, flags: number): number {
  const spent = tx.isCoinbase ? [] : spentCoins(tx, coins).map(({ output }) => output);
  return sigopCostOf(tx, spent, flags);
}
