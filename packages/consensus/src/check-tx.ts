/**
 * Rules about transactions: those that need nothing but the transaction, and those about the coins it
 * spends. Signatures and scripts are `script-check`, locks are `locks`.
 */
import {
  isMoney,
  MAX_MONEY,
  NO_VOUT,
  outpointKey,
  type Sats,
  type Tx,
  ZERO_TXID,
} from '@coind/primitives';
import type { Coin, CoinsView } from './coins.ts';
import { COINBASE_MATURITY, MAX_BLOCK_WEIGHT, WITNESS_SCALE_FACTOR } from './limits.ts';
import { check, fail } from './rejects.ts';

/** Rules a transaction obeys wherever it appears. Throws `ValidationError`. */
export function checkTx(tx: Tx): void {
  check(tx.inputs.length > 0, 'bad-txns-vin-empty');
  check(tx.outputs.length > 0, 'bad-txns-vout-empty');
  check(tx.strippedSize * WITNESS_SCALE_FACTOR <= MAX_BLOCK_WEIGHT, 'bad-txns-oversize');
  let total: Sats = 0n;
  for (const { value } of tx.outputs) {
    check(value >= 0n, 'bad-txns-vout-negative');
    check(value <= MAX_MONEY, 'bad-txns-vout-toolarge');
    total += value;
    check(total <= MAX_MONEY, 'bad-txns-txouttotal-toolarge');
  }
  // Refused here although the coins would show it too: a release that relied on the later check could
  // be made to create money (CVE-2018-17144).
  check(!hasDuplicateInputs(tx), 'bad-txns-inputs-duplicate');
  if (tx.isCoinbase) {
    const { length } = tx.inputs[0]?.scriptSig ?? [];
    check(length >= 2 && length <= 100, 'bad-cb-length');
  } else {
    check(!tx.inputs.some(namesNoCoin), 'bad-txns-prevout-null');
  }
}

/** Up to here comparing all pairs is faster than making keys for a set: for two inputs seven times. */
const FEW_INPUTS = 8;

function hasDuplicateInputs(tx: Tx): boolean {
  const { length } = tx.inputs;
  if (length <= FEW_INPUTS) {
    return tx.inputs.some(({ prevout: { txid, vout } }, i) => {
      for (let j = i + 1; j < length; j++) {
        const other = tx.inputs[j]?.prevout;
        if (other?.vout === vout && other.txid === txid) return true;
      }
      return false;
    });
  }
  return new Set(tx.inputs.map(({ prevout }) => outpointKey(prevout))).size < tx.inputs.length;
}

function namesNoCoin({ prevout }: Tx['inputs'][number]): boolean {
  return prevout.vout === NO_VOUT && prevout.txid === ZERO_TXID;
}

/** Sum of a transaction's outputs. */
export function valueOut(tx: Tx): Sats {
  let total: Sats = 0n;
  for (const { value } of tx.outputs) total += value;
  return total;
}

/** The coins that `tx` spends, in order of inputs. Throws `ValidationError` when one is not there. */
export function spentCoins(tx: Tx, coins: CoinsView): Coin[] {
  return tx.inputs.map(({ prevout }) => coins.get(prevout) ?? failMissing());
}

/** Refuses a transaction because one of its coins is not there. */
export function failMissing(): never {
  fail('bad-txns-inputs-missingorspent', 'CheckTxInputs: inputs missing/spent');
}

/**
 * Rules about a transaction (no coinbase) and the coins it spends in a block at `spendHeight`: they
 * exist, are mature, and are worth what is paid. Returns the fee and the coins, in order of inputs.
 * Throws `ValidationError`. `tx` must have passed `checkTx`.
 */
export function checkInputs(
  tx: Tx,
  coins: CoinsView,
  spendHeight: number,
): { readonly fee: Sats; readonly spent: readonly Coin[] } {
  const spent = spentCoins(tx, coins);
  return { fee: checkAmounts(tx, spent, spendHeight), spent };
}

/** `checkInputs` for coins already at hand: maturity and amounts. Returns the fee. */
export function checkAmounts(tx: Tx, spent: readonly Coin[], spendHeight: number): Sats {
  let valueIn: Sats = 0n;
  for (const coin of spent) {
    const depth = spendHeight - coin.height;
    if (coin.coinbase && depth < COINBASE_MATURITY) {
      const debug = `tried to spend coinbase at depth ${depth}`;
      fail('bad-txns-premature-spend-of-coinbase', debug);
    }
    valueIn += coin.output.value;
    const inRange = isMoney(coin.output.value) && isMoney(valueIn);
    check(inRange, 'bad-txns-inputvalues-outofrange');
  }
  const total = valueOut(tx);
  if (valueIn < total) {
    const debug = `value in (${formatMoney(valueIn)}) < value out (${formatMoney(total)})`;
    fail('bad-txns-in-belowout', debug);
  }
  return valueIn - total;
}

/** BTC with two to eight decimals, the way bitcoind's debug texts have amounts. */
export function formatMoney(value: Sats): string {
  const digits = (value < 0n ? -value : value).toString().padStart(9, '0');
  const decimals = digits.slice(-8).replace(/0{1,6}$/, '');
  return `${value < 0n ? '-' : ''}${digits.slice(0, -8)}.${decimals}`;
}
