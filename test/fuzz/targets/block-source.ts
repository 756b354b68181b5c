/** Blocks with work for the fuzzer: on regtest two hashes are enough. */

import {
  hasProofOfWork,
  subsidy,
  WITNESS_RESERVED_VALUE,
  witnessCommitmentOutput,
} from '@coind/consensus';
import {
  Block,
  type BlockHash,
  BlockHeader,
  type BlockHeaderFields,
  type ChainParams,
  chainParams,
  concatBytes,
  merkleRoot,
  NO_VOUT,
  SEQUENCE_FINAL,
  Tx,
  ZERO_TXID,
} from '@coind/primitives';
import { buildScript } from '@coind/script';

/** The network all blocks here are of. */
export const params = chainParams('regtest') as ChainParams;
/** OP_TRUE: anybody may spend it. */
export const ANYONE: Uint8Array = Uint8Array.of(0x51);

const SECONDS_PER_BLOCK = 600;
/** Headers for which no work is found after so many tries have a target out of reach. */
const MAX_TRIES = 64;

/** What a block needs to know of its parent. */
export interface Parent {
  readonly hash: BlockHash;
  readonly height: number;
  readonly time: number;
}

/** Genesis as a parent. */
export const genesis: Parent = {
  hash: params.genesis.hash,
  height: 0,
  time: params.genesis.header.time,
};

/** A coinbase for a block of `txs`, committing to their witnesses; `extra` makes it another one. */
export function coinbaseFor(height: number, txs: readonly Tx[], extra = 0): Tx {
  const make = (outputs: Tx['outputs']): Tx =>
    new Tx({
      version: 2,
      inputs: [
        {
          prevout: { txid: ZERO_TXID, vout: NO_VOUT },
          scriptSig: concatBytes(buildScript([BigInt(height), BigInt(extra)]), Uint8Array.of(0)),
          sequence: SEQUENCE_FINAL,
          witness: [WITNESS_RESERVED_VALUE],
        },
      ],
      outputs,
      locktime: 0,
    });
  const paid = { value: subsidy(height, params), scriptPubKey: ANYONE };
  return make([paid, witnessCommitmentOutput([make([paid]), ...txs])]);
}

/** A block of exactly `txs` on `parent`, with work if its target allows that. */
export function mined(
  parent: Parent,
  txs: readonly Tx[],
  fields: Partial<BlockHeaderFields> = {},
): Block {
  const { root } = merkleRoot(txs.map(({ txid }) => txid));
  for (let nonce = 0; ; nonce++) {
    const header = new BlockHeader({
      version: 0x20000000,
      prevHash: parent.hash,
      merkleRoot: root,
      time: parent.time + SECONDS_PER_BLOCK,
      bits: params.genesis.header.bits,
      ...fields,
      nonce,
    });
    const proven = hasProofOfWork(header.hash, header.bits, params.powLimit);
    if (proven || nonce === MAX_TRIES) return new Block(header, txs);
  }
}

/** A valid block on `parent` with a coinbase of its own in front of `txs`. */
export function blockOn(parent: Parent, txs: readonly Tx[] = [], extra = 0): Block {
  return mined(parent, [coinbaseFor(parent.height + 1, txs, extra), ...txs]);
}

/** `block` as a parent. */
export function asParent(block: Block, height: number): Parent {
  return { hash: block.hash, height, time: block.header.time };
}

/** `count` valid blocks on `parent`, one on the other. */
export function chainOn(parent: Parent, count: number, extra = 0): Block[] {
  const blocks: Block[] = [];
  for (let at = parent; blocks.length < count; ) {
    const block = blockOn(at, [], extra);
    blocks.push(block);
    at = asParent(block, at.height + 1);
  }
  return blocks;
}
