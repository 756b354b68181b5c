/**
 * The commitment to a block's witnesses in its coinbase (BIP141): where it is, what it should be, and
 * how a miner puts it there.
 */
import {
  type Block,
  concatBytes,
  equalBytes,
  hexToHash,
  sha256d,
  type Tx,
  type TxOutput,
  wtxidRootOf,
} from '@coind/primitives';
import { MIN_WITNESS_COMMITMENT } from './limits.ts';
import { check } from './rejects.ts';

/** OP_RETURN, a push of 36 bytes, and the four that mark them as a commitment. */
const MARK: readonly number[] = [0x6a, 0x24, 0xaa, 0x21, 0xa9, 0xed];

/** The reserved value of blocks today; a future rule may commit to more through it. */
export const WITNESS_RESERVED_VALUE: Uint8Array = new Uint8Array(32);

/** Index of the coinbase output that commits to the witnesses, the last that looks so; -1 for none. */
export function witnessCommitmentIndex(coinbase: Tx): number {
  return coinbase.outputs.findLastIndex(
    ({ scriptPubKey }) =>
      scriptPubKey.length >= MIN_WITNESS_COMMITMENT &&
      MARK.every((byte, i) => scriptPubKey[i] === byte),
  );
}

/** The 32 bytes that commit to a root over wtxids and to the coinbase's `reserved` value. */
function commitmentTo(wtxidRoot: string, reserved: Uint8Array): Uint8Array {
  return sha256d(concatBytes(hexToHash(wtxidRoot), reserved));
}

/** The coinbase output that commits to the witnesses of `txs` (BIP141); the coinbase may be any. */
export function witnessCommitmentOutput(txs: readonly Tx[]): TxOutput {
  const scriptPubKey = concatBytes(
    new Uint8Array(MARK),
    commitmentTo(wtxidRootOf(txs), WITNESS_RESERVED_VALUE),
  );
  return { value: 0n, scriptPubKey };
}

/**
 * The witnesses of `block` are the ones it commits to, or there are none. `expected` is whether segwit
 * is active. Throws `ValidationError` of the kind `mutated`: another body may be valid.
 */
export function checkWitnessCommitment(block: Block, expected: boolean): void {
  const [coinbase] = block.txs;
  const at = expected && coinbase ? witnessCommitmentIndex(coinbase) : -1;
  if (coinbase && at >= 0) {
    const witness = coinbase.inputs[0]?.witness ?? [];
    const [reserved] = witness;
    check(
      witness.length === 1 && reserved?.length === 32,
      'bad-witness-nonce-size',
      'CheckWitnessMalleation : invalid witness reserved value size',
    );
    const committed = coinbase.outputs[at]?.scriptPubKey.subarray(MARK.length, MARK.length + 32);
    check(
      equalBytes(commitmentTo(block.wtxidRoot, reserved), committed as Uint8Array),
      'bad-witness-merkle-match',
      'CheckWitnessMalleation : witness merkle commitment mismatch',
    );
    return;
  }
  check(
    !block.txs.some((tx) => tx.hasWitness),
    'unexpected-witness',
    'CheckWitnessMalleation : unexpected witness data found',
  );
}
