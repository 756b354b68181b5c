/**
 * Rules about a block that need no coins: first those that need nothing but the block, then those that
 * need its parent. The order is bitcoind's, because the first broken rule is the one that is reported.
 */
import type { Block, ChainParams, Tx } from '@coind/primitives';
import { buildScript } from '@coind/script';
import { checkTx } from './check-tx.ts';
import { isBuriedActive } from './deployments.ts';
import type { HeaderContext } from './header-context.ts';
import { MAX_BLOCK_SIGOPS_COST, MAX_BLOCK_WEIGHT, WITNESS_SCALE_FACTOR } from './limits.ts';
import { isFinalTx } from './locks.ts';
import { checkProofOfWork } from './pow.ts';
import { check, fail, ValidationError } from './rejects.ts';
import { hasSignetSolution } from './signet.ts';
import { legacySigops } from './sigops.ts';
import { checkWitnessCommitment } from './witness-commitment.ts';

/** What to leave out for a block that is still being made. */
export interface BlockCheckOptions {
  /** False for a template: neither proof of work nor a signet's signature is there yet. */
  readonly pow?: boolean;
  /** False for a template whose coinbase may still change. */
  readonly merkleRoot?: boolean;
}

/** Rules about a block that need no context. Throws `ValidationError`. */
export function checkBlock(
  block: Block,
  params: ChainParams,
  options: BlockCheckOptions = {},
): void {
  const { pow = true, merkleRoot: root = true } = options;
  if (pow) {
    checkProofOfWork(block.header, params);
    const challenge = params.signetChallenge;
    const signed =
      challenge === undefined ||
      block.hash === params.genesis.hash ||
      hasSignetSolution(block, challenge);
    check(signed, 'bad-signet-blksig', 'signet block signature validation failure');
  }
  // Before all that looks at transactions: if these are not the header's, nothing they do wrong may
  // be held against the header.
  if (root) checkMerkleRoot(block);
  check(isWithinSize(block), 'bad-blk-length', 'size limits failed');
  checkCoinbases(block.txs);
  for (const tx of block.txs) checkBlockTx(tx);
  let sigops = 0;
  for (const tx of block.txs) sigops += legacySigops(tx);
  const cost = sigops * WITNESS_SCALE_FACTOR;
  check(cost <= MAX_BLOCK_SIGOPS_COST, 'bad-blk-sigops', 'out-of-bounds SigOpCount');
}

/** The header commits to these transactions and to no other list of them. */
export function checkMerkleRoot(block: Block): void {
  const { root, mutated } = block.txidRoot;
  check(root === block.header.merkleRoot, 'bad-txnmrklroot', 'hashMerkleRoot mismatch');
  check(!mutated, 'bad-txns-duplicate', 'duplicate transaction');
}

function isWithinSize({ txs, strippedSize }: Block): boolean {
  return (
    txs.length > 0 &&
    txs.length * WITNESS_SCALE_FACTOR <= MAX_BLOCK_WEIGHT &&
    strippedSize * WITNESS_SCALE_FACTOR <= MAX_BLOCK_WEIGHT
  );
}

function checkCoinbases(txs: readonly Tx[]): void {
  check(txs[0]?.isCoinbase === true, 'bad-cb-missing', 'first tx is not coinbase');
  const single = txs.findLastIndex((tx) => tx.isCoinbase) === 0;
  check(single, 'bad-cb-multiple', 'more than one coinbase');
}

function checkBlockTx(tx: Tx): void {
  try {
    checkTx(tx);
  } catch (error) {
    if (!(error instanceof ValidationError)) throw error;
    // bitcoind leaves the space before its empty details.
    fail(error.reason, `Transaction check failed (tx hash ${tx.txid}) ${error.debug}`);
  }
}

/** Rules about a block on its parent that need no coins. Throws `ValidationError`. */
export function contextualCheckBlock(
  block: Block,
  parent: HeaderContext,
  params: ChainParams,
): void {
  const height = parent.ref.height + 1;
  // BIP113: median time, which a miner cannot set at will.
  const byMedian = isBuriedActive('csv', height, params);
  const cutoff = byMedian ? parent.medianTimePast : block.header.time;
  const final = block.txs.every((tx) => isFinalTx(tx, height, cutoff));
  check(final, 'bad-txns-nonfinal', 'non-final transaction');
  if (isBuriedActive('bip34', height, params)) {
    const named = startsWithHeight(block.txs[0] as Tx, height);
    check(named, 'bad-cb-height', 'block height mismatch in coinbase');
  }
  checkWitnessCommitment(block, isBuriedActive('segwit', height, params));
  // Last, because a stuffed coinbase witness, which the hash does not cover, must count as mutation.
  const fits = block.weight <= MAX_BLOCK_WEIGHT;
  check(fits, 'bad-blk-weight', 'ContextualCheckBlock : weight limit failed');
}

/** BIP34: the coinbase begins with a push of its height. */
function startsWithHeight(coinbase: Tx, height: number): boolean {
  const expected = buildScript([BigInt(height)]);
  const scriptSig = coinbase.inputs[0]?.scriptSig ?? new Uint8Array();
  return expected.every((byte, i) => scriptSig[i] === byte);
}

/**
 * True when the body of `block` is certainly not the one its header was mined with, so that the header
 * must not be judged by it. `segwit` is whether a commitment to witnesses is expected.
 */
export function isMutated(block: Block, segwit: boolean): boolean {
  try {
    checkMerkleRoot(block);
    // A transaction of 64 bytes can pass for an inner node of the merkle tree.
    if (!block.txs[0]?.isCoinbase) return block.txs.some(({ strippedSize }) => strippedSize === 64);
    checkWitnessCommitment(block, segwit);
    return false;
  } catch (error) {
    if (error instanceof ValidationError) return true;
    throw error;
  }
}
