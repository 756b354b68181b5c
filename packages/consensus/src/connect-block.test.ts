import {
  type Block,
  bytesToHex,
  COIN,
  hash160,
  type OutPoint,
  outpointKey,
  Tx,
  type TxOutput,
} from '@coind/primitives';
import { buildScript, OP, p2sh } from '@coind/script';
import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import { encodeCoinForHash } from './coin-hash.ts';
import type { Coin } from './coins.ts';
import { connectBlock, disconnectBlock, outpointsToLoad } from './connect-block.ts';
import { withActivationHeight } from './deployments.ts';
import { rulesFor } from './rules.ts';
import { ScriptCache } from './script-cache.ts';
import { runScriptCheck } from './script-check.ts';
import { MiniChain } from './test-support/mini-chain.ts';

const TRUE = new Uint8Array([OP.OP_1]);
const paying = (value: bigint, scriptPubKey: Uint8Array = TRUE): TxOutput => ({
  value,
  scriptPubKey,
});

function spend(outpoints: readonly OutPoint[], outputs: readonly TxOutput[], sequence = 0): Tx {
  const inputs = outpoints.map((prevout) => ({
    prevout,
    scriptSig: new Uint8Array(),
    sequence,
    witness: [],
  }));
  return new Tx({ version: 2, inputs, outputs, locktime: 0 });
}

/** The coinbase output of the block at `height`. */
function coinbaseOf(chain: MiniChain, height: number): OutPoint {
  return chain.tip.ancestor(height)!.effects!.created[0]![0];
}

function connect(chain: MiniChain, block: Block, changes: { csv?: boolean } = {}) {
  const { tip, params } = chain;
  const rules = { ...rulesFor(block.header, tip, params), ...changes };
  return connectBlock(block, { hash: block.hash, height: tip.height + 1 }, tip, tip.coins!, rules);
}

describe('a valid block', () => {
  const chain = new MiniChain();
  chain.mine(102);
  const old = coinbaseOf(chain, 1);
  const first = spend(
    [old],
    [paying(30n * COIN), paying(19n * COIN), paying(0n, new Uint8Array([OP.OP_RETURN]))],
  );
  const second = spend([{ txid: first.txid, vout: 0 }, coinbaseOf(chain, 2)], [paying(79n * COIN)]);
  const block = chain.template({ txs: [first, second], reward: 52n * COIN });
  const effects = connect(chain, block);

  test('spends and makes coins, those within itself left out', () => {
    expect(effects.spentOutpoints).toEqual([old, coinbaseOf(chain, 2)]);
    expect(effects.created.map(([outpoint]) => outpoint)).toEqual([
      { txid: block.txs[0]!.txid, vout: 0 },
      { txid: first.txid, vout: 1 },
      { txid: second.txid, vout: 0 },
    ]);
    expect(effects.created[0]![1]).toMatchObject({ height: 103, coinbase: true });
    expect(effects.created[1]![1]).toMatchObject({ height: 103, coinbase: false });
  });

  test('records every spent coin for the way back, in order of inputs', () => {
    expect(effects.spent.map(({ height, coinbase }) => [height, coinbase])).toEqual([
      [1, true],
      [103, false],
      [2, true],
    ]);
  });

  test('adds up its fees, which the coinbase may take', () => {
    expect(effects.fees).toBe(2n * COIN);
    const greedy = chain.template({ txs: [first, second], reward: 52n * COIN + 1n });
    expect(() => connect(chain, greedy)).toThrow(
      'bad-cb-amount, coinbase pays too much (actual=5200000001 vs limit=5200000000)',
    );
  });

  test('leaves scripts to be checked, or not', () => {
    expect(effects.scripts.map(({ tx, inputIndex }) => [tx.txid, inputIndex])).toEqual([
      [first.txid, 0],
      [second.txid, 0],
      [second.txid, 1],
    ]);
    for (const script of effects.scripts) runScriptCheck(script);
    const rules = { ...rulesFor(block.header, chain.tip, chain.params), checkScripts: false };
    const ref = { hash: block.hash, height: 103 };
    const { scripts } = connectBlock(block, ref, chain.tip, chain.tip.coins!, rules);
    expect(scripts).toEqual([]);
  });

  test('spares what the mempool has verified', () => {
    const rules = rulesFor(block.header, chain.tip, chain.params);
    const cache = new ScriptCache(10);
    cache.add(second, rules.flags);
    const ref = { hash: block.hash, height: 103 };
    const { scripts } = connectBlock(block, ref, chain.tip, chain.tip.coins!, rules, cache);
    expect(scripts.map(({ tx }) => tx.txid)).toEqual([first.txid]);
  });

  test('asks for the coins of earlier blocks only', () => {
    const asked = outpointsToLoad(block, { enforceBip30: false });
    expect(asked).toEqual([old, coinbaseOf(chain, 2)]);
    expect(outpointsToLoad(block, { enforceBip30: true })).toHaveLength(2 + 2 + 3 + 1);
  });
});

describe('a block is refused when', () => {
  let chain: MiniChain;
  let old: OutPoint;
  beforeEach(() => {
    chain = new MiniChain();
    chain.mine(103);
    old = coinbaseOf(chain, 1);
  });
  const refusalOf = (...txs: Tx[]) => chain.refusal(chain.template({ txs, reward: 1n }));

  test('a coin is not there, or spent twice', () => {
    const ghost = spend([{ ...old, vout: 7 }], [paying(1n)]);
    const error = refusalOf(ghost);
    expect(error?.message).toBe(
      `bad-txns-inputs-missingorspent, CheckTxInputs: inputs missing/spent in transaction ${ghost.txid}`,
    );
    // Outside a block it may be a matter of order; in one it is final.
    expect(error?.kind).toBe('consensus');
    const twice = refusalOf(spend([old], [paying(1n)]), spend([old], [paying(2n)]));
    expect(twice?.reason).toBe('bad-txns-inputs-missingorspent');
  });

  test('a child comes before its parent', () => {
    const parent = spend([old], [paying(5n)]);
    const child = spend([{ txid: parent.txid, vout: 0 }], [paying(1n)]);
    expect(refusalOf(child, parent)?.reason).toBe('bad-txns-inputs-missingorspent');
    expect(refusalOf(parent, child)).toBeUndefined();
  });

  test('it spends a young coinbase', () => {
    const young = spend([coinbaseOf(chain, 5)], [paying(1n)]);
    const error = refusalOf(young);
    expect(error?.message).toBe(
      `bad-txns-premature-spend-of-coinbase, tried to spend coinbase at depth 99 in transaction ${young.txid}`,
    );
    expect(error?.kind).toBe('consensus');
  });

  test('a transaction makes money', () => {
    const rich = spend([old], [paying(51n * COIN)]);
    expect(refusalOf(rich)?.message).toBe(
      `bad-txns-in-belowout, value in (50.00) < value out (51.00) in transaction ${rich.txid}`,
    );
  });

  test('a relative lock has not passed', () => {
    const locked = spend([coinbaseOf(chain, 2)], [paying(1n)], 103);
    expect(refusalOf(locked)?.message).toBe(
      `bad-txns-nonfinal, contains a non-BIP68-final transaction ${locked.txid}`,
    );
    const block = chain.template({ txs: [locked], reward: 1n });
    expect(() => connect(chain, block, { csv: false })).not.toThrow();
    expect(refusalOf(spend([coinbaseOf(chain, 2)], [paying(1n)], 102))).toBeUndefined();
  });

  test('redeem scripts take it over the limit of sigops', () => {
    const script = new Uint8Array(500).fill(OP.OP_CHECKSIG);
    const outputs = Array.from({ length: 41 }, () => paying(1n, p2sh(hash160(script))));
    const parent = spend([old], outputs);
    const redeem = (count: number) => {
      const tx = spend(
        outputs.slice(0, count).map((_, vout) => ({ txid: parent.txid, vout })),
        [paying(1n)],
      );
      const inputs = tx.inputs.map((input) => ({ ...input, scriptSig: buildScript([script]) }));
      return new Tx({ ...tx, inputs });
    };
    expect(() => connect(chain, chain.template({ txs: [parent, redeem(40)] }))).not.toThrow();
    expect(refusalOf(parent, redeem(41))?.message).toBe('bad-blk-sigops, too many sigops');
  });

  test('a script does not allow the spend', () => {
    const parent = spend([old], [paying(5n, new Uint8Array([OP.OP_0]))]);
    const child = spend([{ txid: parent.txid, vout: 0 }], [paying(1n)]);
    expect(refusalOf(parent, child)?.message).toBe(
      'block-script-verify-flag-failed (Script evaluated without error but finished with a false/empty top stack element), ' +
        `input 0 of ${child.txid} (wtxid ${child.wtxid}), spending ${parent.txid}:0`,
    );
  });
});

test('before BIP34 nothing unspent may be made again (BIP30)', () => {
  const chain = new MiniChain(withActivationHeight(new MiniChain().params, 'bip34@1000'));
  const first = chain.template();
  expect(chain.submit(first)).toBe(null);
  const rules = rulesFor(first.header, chain.tip, chain.params);
  expect(rules.enforceBip30).toBe(true);
  const ref = { hash: first.hash, height: 2 };
  const again = () => connectBlock(first, ref, chain.tip, chain.tip.coins!, rules);
  expect(again).toThrow('bad-txns-BIP30, tried to overwrite transaction');
});

/** A plain model of the set of coins. */
class ModelSet {
  readonly #coins = new Map<string, readonly [OutPoint, Coin]>();

  add(entries: Iterable<readonly [OutPoint, Coin]>): void {
    for (const entry of entries) this.#coins.set(outpointKey(entry[0]), entry);
  }

  /** Every outpoint must be there. */
  remove(outpoints: Iterable<OutPoint>): void {
    for (const outpoint of outpoints) expect(this.#coins.delete(outpointKey(outpoint))).toBe(true);
  }

  get spendable(): OutPoint[] {
    return [...this.#coins.values()].flatMap(([o, coin]) => (coin.coinbase ? [] : [o]));
  }

  /** Every coin's serialisation, in order. */
  get listing(): string[] {
    return [...this.#coins.values()].map(([o, c]) => bytesToHex(encodeCoinForHash(o, c))).sort();
  }
}

interface Plan {
  readonly inputs: number;
  readonly from: number;
  readonly outputs: number;
}

/** Transactions that follow `plans`, spending what is there and what they make themselves. */
function follow(plans: readonly Plan[], spendable: OutPoint[]): Tx[] {
  const txs: Tx[] = [];
  for (const { inputs, from, outputs } of plans) {
    const taken: OutPoint[] = [];
    while (taken.length < inputs && spendable.length > 0) {
      taken.push(...spendable.splice(from % spendable.length, 1));
    }
    if (taken.length === 0) break;
    // The fourth output can never be spent, so it must never be in the set.
    const scripts = [TRUE, TRUE, TRUE, new Uint8Array([OP.OP_RETURN])].slice(0, outputs);
    const made = scripts.map((script) => paying(0n, script));
    const tx = spend(taken, made, 0xffffffff);
    txs.push(tx);
    for (const [vout, script] of scripts.entries()) {
      if (script === TRUE) spendable.push({ txid: tx.txid, vout });
    }
  }
  return txs;
}

describe('the way back', () => {
  test('restores the set byte for byte, whatever the blocks did', () => {
    const plan = fc.record({
      inputs: fc.integer({ min: 1, max: 4 }),
      from: fc.nat(1000),
      outputs: fc.integer({ min: 1, max: 4 }),
    });
    const blocks = fc.array(fc.array(plan, { maxLength: 6 }), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(blocks, (plansOfBlocks) => {
        const chain = new MiniChain();
        const txid = chain.params.genesis.txs[0]!.txid;
        const endowment = Array.from({ length: 10 }, (_, vout): [OutPoint, Coin] => [
          { txid, vout },
          { output: paying(COIN), height: 0, coinbase: false },
        ]);
        for (const [outpoint, coin] of endowment) chain.tip.coins!.add(outpoint, coin);
        const set = new ModelSet();
        set.add(endowment);
        const history: { block: Block; undo: readonly Coin[]; before: string[] }[] = [];
        for (const plans of plansOfBlocks) {
          const block = chain.template({ txs: follow(plans, set.spendable) });
          expect(chain.submit(block)).toBe(null);
          const effects = chain.tip.effects!;
          history.push({ block, undo: effects.spent, before: set.listing });
          set.remove(effects.spentOutpoints);
          set.add(effects.created);
        }
        for (const { block, undo, before } of history.reverse()) {
          const { restored, removed } = disconnectBlock(block, undo);
          set.remove(removed);
          set.add(restored);
          expect(set.listing).toEqual(before);
        }
      }),
      { numRuns: 60 },
    );
  });

  test('an undo record of another block is noticed', () => {
    const chain = new MiniChain();
    chain.mine(101);
    const block = chain.template({ txs: [spend([coinbaseOf(chain, 1)], [paying(1n)])] });
    const { spent } = connect(chain, block);
    expect(() => disconnectBlock(block, [])).toThrow(RangeError);
    expect(() => disconnectBlock(block, [...spent, ...spent])).toThrow(RangeError);
    expect(disconnectBlock(block, spent).restored).toEqual([[coinbaseOf(chain, 1), spent[0]]]);
  });
});
