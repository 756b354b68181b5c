import { Block, BlockHeader, chainParams, NO_VOUT, Tx, ZERO_TXID } from '@coind/primitives';
import { OP } from '@coind/script';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { checkBlock, contextualCheckBlock, isMutated } from './check-block.ts';
import { withActivationHeight } from './deployments.ts';
import { ValidationError } from './rejects.ts';
import { fieldsOf, MiniChain, solve, withTxs } from './test-support/mini-chain.ts';

const regtest = chainParams('regtest')!;
const chain = new MiniChain();
chain.mine(110);

function refusal(action: () => void): ValidationError | undefined {
  try {
    action();
    return undefined;
  } catch (error) {
    if (error instanceof ValidationError) return error;
    throw error;
  }
}

/** A coinbase with other fields, in a block of its own. */
function withCoinbase(change: (tx: Tx) => Partial<Tx>): Block {
  return chain.template({
    change: (block) => {
      const [coinbase] = block.txs;
      return withTxs(block, [new Tx({ ...coinbase!, ...change(coinbase!) })]);
    },
  });
}

/** Spends a mature coinbase of the chain; anybody can. */
function spend(
  height: number,
  outputs: number,
  script: Uint8Array = new Uint8Array([OP.OP_1]),
): Tx {
  const { txid } = chain.tip.ancestor(height)!.effects!.created[0]![0];
  return new Tx({
    version: 2,
    inputs: [
      {
        prevout: { txid, vout: 0 },
        scriptSig: new Uint8Array(),
        sequence: 0xffffffff,
        witness: [],
      },
    ],
    outputs: Array.from({ length: outputs }, () => ({ value: 1n, scriptPubKey: script })),
    locktime: 0,
  });
}

describe('checkBlock', () => {
  test('accepts what a miner makes', () => {
    const block = chain.template({ txs: [spend(1, 2), spend(2, 1)] });
    expect(refusal(() => checkBlock(block, regtest))).toBeUndefined();
  });

  test('proof of work comes first, and can be left out', () => {
    const { header, txs } = chain.template();
    const hard = new Block(new BlockHeader({ ...fieldsOf(header), bits: 0x1d00ffff }), txs);
    expect(refusal(() => checkBlock(hard, regtest))?.reason).toBe('high-hash');
    expect(refusal(() => checkBlock(hard, regtest, { pow: false }))).toBeUndefined();
  });

  test('the header commits to the transactions', () => {
    const block = chain.template({ txs: [spend(1, 1)] });
    const other = new Block(block.header, [block.txs[0]!, spend(2, 1)]);
    const error = refusal(() => checkBlock(other, regtest));
    expect(error?.message).toBe('bad-txnmrklroot, hashMerkleRoot mismatch');
    expect(error?.kind).toBe('mutated');
    expect(refusal(() => checkBlock(other, regtest, { merkleRoot: false }))).toBeUndefined();
  });

  test('a repeated end of the merkle tree is mutation (CVE-2012-2459)', () => {
    const block = chain.template({ txs: [spend(1, 1), spend(2, 1)] });
    const forged = new Block(block.header, [...block.txs, block.txs[2]!]);
    const error = refusal(() => checkBlock(forged, regtest));
    expect(error?.message).toBe('bad-txns-duplicate, duplicate transaction');
    expect(error?.kind).toBe('mutated');
    expect(isMutated(forged, true)).toBe(true);
    expect(isMutated(block, true)).toBe(false);
  });

  test('has a coinbase, first and only', () => {
    const block = chain.template();
    const without = solve(withTxs(block, [spend(1, 1)]), regtest);
    expect(refusal(() => checkBlock(without, regtest))?.message).toBe(
      'bad-cb-missing, first tx is not coinbase',
    );
    const twice = solve(withTxs(block, [block.txs[0]!, spend(1, 1), block.txs[0]!]), regtest);
    expect(refusal(() => checkBlock(twice, regtest))?.message).toBe(
      'bad-cb-multiple, more than one coinbase',
    );
    const empty = solve(withTxs(block, []), regtest);
    expect(refusal(() => checkBlock(empty, regtest))?.message).toBe(
      'bad-blk-length, size limits failed',
    );
  });

  test('every transaction stands by itself, and is named when it does not', () => {
    const bad = new Tx({ ...spend(1, 1), outputs: [] });
    const block = chain.template({ txs: [bad] });
    expect(refusal(() => checkBlock(block, regtest))?.message).toBe(
      `bad-txns-vout-empty, Transaction check failed (tx hash ${bad.txid}) `,
    );
  });

  test('20,000 legacy sigops are the limit', () => {
    const script = (sigops: number) => new Uint8Array(sigops).fill(OP.OP_CHECKSIG);
    const within = chain.template({ txs: [spend(1, 20, script(1000))] });
    expect(refusal(() => checkBlock(within, regtest))).toBeUndefined();
    const beyond = chain.template({ txs: [spend(1, 20, script(1000)), spend(2, 1, script(1))] });
    expect(refusal(() => checkBlock(beyond, regtest))?.message).toBe(
      'bad-blk-sigops, out-of-bounds SigOpCount',
    );
  });

  test('a million bytes without witnesses are the limit', () => {
    const block = chain.template({ txs: [spend(1, 1)] });
    const [coinbase, tx] = block.txs;
    const outputOf = (length: number) => [{ value: 1n, scriptPubKey: new Uint8Array(length) }];
    const room = 1_000_000 - block.strippedSize;
    const fill = (length: number) =>
      solve(withTxs(block, [coinbase!, new Tx({ ...tx!, outputs: outputOf(length) })]), regtest);
    const full = fill(room - 3);
    expect(full.strippedSize).toBe(1_000_000);
    expect(refusal(() => checkBlock(full, regtest))).toBeUndefined();
    expect(refusal(() => checkBlock(fill(room - 2), regtest))?.reason).toBe('bad-blk-length');
  });
});

describe('contextualCheckBlock', () => {
  const judge = (block: Block, params = regtest) =>
    refusal(() => contextualCheckBlock(block, chain.tip, params))?.message;

  test('accepts what a miner makes', () => {
    expect(judge(chain.template({ txs: [spend(1, 1)] }))).toBeUndefined();
  });

  test('locktimes have passed by the median time, or before csv by the time of the block', () => {
    const sequence = 0;
    const at = (locktime: number) => {
      const tx = spend(1, 1);
      return new Tx({ ...tx, inputs: [{ ...tx.inputs[0]!, sequence }], locktime });
    };
    const { medianTimePast } = chain.tip;
    const time = medianTimePast + 50;
    const message = 'bad-txns-nonfinal, non-final transaction';
    expect(judge(chain.template({ txs: [at(111)], time }))).toBe(message);
    expect(judge(chain.template({ txs: [at(110)], time }))).toBeUndefined();
    expect(judge(chain.template({ txs: [at(medianTimePast)], time }))).toBe(message);
    expect(judge(chain.template({ txs: [at(medianTimePast - 1)], time }))).toBeUndefined();
    const before = withActivationHeight(regtest, 'csv@1000');
    expect(judge(chain.template({ txs: [at(time - 1)], time }), before)).toBeUndefined();
    expect(judge(chain.template({ txs: [at(time)], time }), before)).toBe(message);
  });

  test('a coinbase begins with its height, pushed the shortest way', () => {
    const script = (bytes: number[]) =>
      withCoinbase(({ inputs: [input] }) => ({
        inputs: [{ ...input!, scriptSig: new Uint8Array(bytes) }],
      }));
    expect(judge(script([1, 111]))).toBeUndefined();
    expect(judge(script([1, 111, 0, 7]))).toBeUndefined();
    const message = 'bad-cb-height, block height mismatch in coinbase';
    expect(judge(script([1, 110]))).toBe(message);
    expect(judge(script([2, 111, 0]))).toBe(message);
    expect(judge(script([1]))).toBe(message);
    const before = withActivationHeight(regtest, 'bip34@1000');
    expect(judge(script([1, 110]), before)).toBeUndefined();
  });

  test('weighs at most four million', () => {
    const block = chain.template({ txs: [spend(1, 1)] });
    const stuff = (length: number) => {
      const tx = block.txs[1]!;
      const witness = [new Uint8Array(length)];
      return chain.template({ txs: [new Tx({ ...tx, inputs: [{ ...tx.inputs[0]!, witness }] })] });
    };
    const length = 4_000_000 - stuff(100_000).weight + 100_000;
    expect(stuff(length).weight).toBe(4_000_000);
    expect(judge(stuff(length))).toBeUndefined();
    expect(judge(stuff(length + 1))).toBe(
      'bad-blk-weight, ContextualCheckBlock : weight limit failed',
    );
  });
});

test('64 bytes without a coinbase can pass for an inner node', () => {
  const tx = new Tx({ ...spend(1, 1), outputs: [{ value: 1n, scriptPubKey: new Uint8Array(4) }] });
  expect(tx.strippedSize).toBe(64);
  expect(isMutated(withTxs(chain.template(), [tx]), true)).toBe(true);
});

test('random bytes in place of any part of a block are refused, never worse', () => {
  const bytes = chain.template({ txs: [spend(1, 2), spend(2, 1)] }).encode();
  fc.assert(
    fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
      const forged = bytes.slice();
      forged[at]! ^= change;
      let block: Block;
      try {
        block = Block.decode(forged);
      } catch {
        return;
      }
      const error = refusal(() => {
        checkBlock(block, regtest, { pow: false });
        contextualCheckBlock(block, chain.tip, regtest);
      });
      // Headers are not covered by these checks, the root aside.
      if (at >= 80) expect(error?.kind).toBe('mutated');
    }),
    { numRuns: 300 },
  );
});

test('the null prevout is what makes a coinbase', () => {
  const [coinbase] = chain.template().txs;
  expect(coinbase!.inputs[0]!.prevout).toEqual({ txid: ZERO_TXID, vout: NO_VOUT });
});
