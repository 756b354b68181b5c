/**
 * What a block does to the coins, and the rules that need them: every input exists and is mature, no
 * money is made but the subsidy, locks and sigops are within bounds (BIP30, BIP68, BIP141). Decides
 * only; the chain loads coins before and commits effects after. `disconnectBlock` is the way back.
 */
import {
  type Block,
  isMoney,
  type OutPoint,
  outpointKey,
  type Sats,
  type Tx,
  type Txid,
  type TxOutput,
} from '@coind/primitives';
import { isUnspendable } from '@coind/script';
import { checkAmounts, failMissing, valueOut } from './check-tx.ts';
import type { Coin, CoinsView } from './coins.ts';
import type { BlockRef } from './follower.ts';
import type { HeaderContext } from './header-context.ts';
import { MAX_BLOCK_SIGOPS_COST } from './limits.ts';
import { areLocksPassed, sequenceLocks } from './locks.ts';
import { check, fail, ValidationError } from './rejects.ts';
import type { Rules } from './rules.ts';
import type { ScriptCache } from './script-cache.ts';
import { type ScriptCheck, scriptChecksOf } from './script-check.ts';
import { sigopCostOf } from './sigops.ts';
import { subsidy } from './subsidy.ts';

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
  /** Those of transactions that are verified already left out; none when `rules.checkScripts` is false. */
  readonly scripts: readonly ScriptCheck[];
}

/**
 * The outpoints whose coins `connectBlock` will ask for: what the block spends of earlier blocks, and
 * under BIP30 what it makes.
 */
export function outpointsToLoad(block: Block, rules: Pick<Rules, 'enforceBip30'>): OutPoint[] {
  const here = new Set<Txid>(block.txs.map(({ txid }) => txid));
  const outpoints: OutPoint[] = [];
  for (const tx of block.txs) {
    if (!tx.isCoinbase) {
      for (const { prevout } of tx.inputs) if (!here.has(prevout.txid)) outpoints.push(prevout);
    }
    if (rules.enforceBip30) outpoints.push(...outpointsMadeBy(tx));
  }
  return outpoints;
}

function outpointsMadeBy({ txid, outputs }: Tx): OutPoint[] {
  return outputs.map((_, vout) => ({ txid, vout }));
}

/**
 * Decides whether `block` may follow `parent` at `ref`, given the coins before it, and says what it
 * changes. Throws `ValidationError`. The block must have passed `checkBlock` and
 * `contextualCheckBlock`; the genesis block is never connected, as its coins do not exist.
 */
export function connectBlock(
  block: Block,
  ref: BlockRef,
  parent: HeaderContext,
  coins: CoinsView,
  rules: Rules,
  verified?: Pick<ScriptCache, 'holds'>,
): BlockEffects {
  if (rules.enforceBip30) checkNoRepeat(block, coins);
  const ledger = new BlockLedger(coins, ref.height);
  const scripts: ScriptCheck[] = [];
  let fees: Sats = 0n;
  let sigops = 0;
  for (const tx of block.txs) {
    let spent: readonly TxOutput[] = [];
    if (!tx.isCoinbase) {
      const coinsSpent = ledger.spend(tx);
      fees += feeOf(tx, coinsSpent, ref.height);
      const debug = 'accumulated fee in the block out of range';
      check(isMoney(fees), 'bad-txns-accumulated-fee-outofrange', debug);
      if (rules.csv) checkLocks(tx, coinsSpent, parent);
      spent = coinsSpent.map(({ output }) => output);
    }
    sigops += sigopCostOf(tx, spent, rules.flags);
    check(sigops <= MAX_BLOCK_SIGOPS_COST, 'bad-blk-sigops', 'too many sigops');
    if (rules.checkScripts && !tx.isCoinbase && !verified?.holds(tx, rules.flags)) {
      for (const script of scriptChecksOf(tx, spent, rules.flags)) scripts.push(script);
    }
    ledger.make(tx);
  }
  const paid = valueOut(block.txs[0] as Tx);
  const limit = fees + subsidy(ref.height, rules.params);
  if (paid > limit) {
    fail('bad-cb-amount', `coinbase pays too much (actual=${paid} vs limit=${limit})`);
  }
  return { ...ledger.effects(), fees, scripts };
}

/** BIP30: nothing that is still unspent may be replaced. */
function checkNoRepeat(block: Block, coins: CoinsView): void {
  for (const tx of block.txs) {
    const repeated = outpointsMadeBy(tx).some((outpoint) => coins.get(outpoint) !== undefined);
    check(!repeated, 'bad-txns-BIP30', 'tried to overwrite transaction');
  }
}

/** `checkAmounts`, whose every failure is final in a block and names the transaction. */
function feeOf(tx: Tx, spent: readonly Coin[], height: number): Sats {
  try {
    return checkAmounts(tx, spent, height);
  } catch (error) {
    return failInBlock(tx, error);
  }
}

function failInBlock(tx: Tx, error: unknown): never {
  if (!(error instanceof ValidationError)) throw error;
  fail(error.reason, `${error.debug} in transaction ${tx.txid}`, 'consensus');
}

function checkLocks(tx: Tx, spent: readonly Coin[], parent: HeaderContext): void {
  if (tx.version < 2) return;
  const heights = spent.map(({ height }) => height);
  if (areLocksPassed(sequenceLocks(tx, heights, parent), parent)) return;
  fail('bad-txns-nonfinal', `contains a non-BIP68-final transaction ${tx.txid}`);
}

/** The coins while a block goes by: what it spent and made so far, on top of those before it. */
class BlockLedger {
  readonly #before: CoinsView;
  readonly #height: number;
  readonly #spent: Coin[] = [];
  readonly #spentOutpoints: OutPoint[] = [];
  /** Keys of `#spentOutpoints`: the view before the block still has them. */
  readonly #gone = new Set<string>();
  /** What transactions made, by index of the output; undefined where it is spent, or nobody ever could. */
  readonly #made = new Map<Txid, (Coin | undefined)[]>();

  constructor(before: CoinsView, height: number) {
    this.#before = before;
    this.#height = height;
  }

  /** Takes out the coins that `tx` spends and returns them, in order of inputs. */
  spend(tx: Tx): Coin[] {
    return tx.inputs.map(({ prevout }) => {
      const coin = this.#take(prevout);
      if (!coin) return this.#refuse(tx);
      this.#spent.push(coin);
      return coin;
    });
  }

  #take(outpoint: OutPoint): Coin | undefined {
    const made = this.#made.get(outpoint.txid);
    if (made) {
      const coin = made[outpoint.vout];
      if (coin) made[outpoint.vout] = undefined;
      return coin;
    }
    const key = outpointKey(outpoint);
    if (this.#gone.has(key)) return undefined;
    const coin = this.#before.get(outpoint);
    if (!coin) return undefined;
    this.#gone.add(key);
    this.#spentOutpoints.push(outpoint);
    return coin;
  }

  #refuse(tx: Tx): never {
    try {
      return failMissing();
    } catch (error) {
      return failInBlock(tx, error);
    }
  }

  /** Adds the coins that `tx` makes. */
  make(tx: Tx): void {
    const { txid, outputs, isCoinbase: coinbase } = tx;
    const height = this.#height;
    const coins = outputs.map((output) =>
      isUnspendable(output.scriptPubKey) ? undefined : { output, height, coinbase },
    );
    this.#made.set(txid, coins);
  }

  effects(): Pick<BlockEffects, 'spent' | 'spentOutpoints' | 'created'> {
    const created: (readonly [OutPoint, Coin])[] = [];
    for (const [txid, coins] of this.#made) {
      for (let vout = 0; vout < coins.length; vout++) {
        const coin = coins[vout];
        if (coin) created.push([{ txid, vout }, coin]);
      }
    }
    return { spent: this.#spent, spentOutpoints: this.#spentOutpoints, created };
  }
}

/** What taking a block back changes. */
export interface BlockReversal {
  /** Coins to put back into the set. */
  readonly restored: readonly (readonly [OutPoint, Coin])[];
  /** Outpoints to delete from the set. */
  readonly removed: readonly OutPoint[];
}

/**
 * The way back from `connectBlock`: `undo` is its `spent`. Throws `RangeError` when there are not as
 * many coins as inputs, which means that the undo record belongs to another block.
 */
export function disconnectBlock(block: Block, undo: readonly Coin[]): BlockReversal {
  const here = new Set<Txid>(block.txs.map(({ txid }) => txid));
  const spentHere = new Set<string>();
  const restored: (readonly [OutPoint, Coin])[] = [];
  let next = 0;
  for (const tx of block.txs) {
    if (tx.isCoinbase) continue;
    for (const { prevout } of tx.inputs) {
      const coin = undo[next++];
      if (!coin) throw new RangeError(`undo record of ${block.hash} is too short`);
      if (here.has(prevout.txid)) spentHere.add(outpointKey(prevout));
      else restored.push([prevout, coin]);
    }
  }
  if (next !== undo.length) throw new RangeError(`undo record of ${block.hash} is too long`);
  const removed: OutPoint[] = [];
  for (const tx of block.txs) {
    for (const [vout, { scriptPubKey }] of tx.outputs.entries()) {
      const outpoint = { txid: tx.txid, vout };
      if (isUnspendable(scriptPubKey) || spentHere.has(outpointKey(outpoint))) continue;
      removed.push(outpoint);
    }
  }
  return { restored, removed };
}
