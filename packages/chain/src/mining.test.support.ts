/** Regtest blocks for the tests of this package: real work, real rules, coins anybody may spend. */

import { hasProofOfWork, subsidy } from '@coind/consensus';
import {
  Block,
  type BlockHash,
  BlockHeader,
  type ChainParams,
  chainParams,
  concatBytes,
  merkleRoot,
  NO_VOUT,
  type OutPoint,
  SEQUENCE_FINAL,
  Tx,
  ZERO_TXID,
} from '@coind/primitives';
import { buildScript } from '@coind/script';

/** Regtest, where every rule holds and a block costs two hashes. */
export const params: ChainParams = chainParams('regtest') as ChainParams;

/** OP_TRUE: anybody may spend it with an empty scriptSig. */
export const ANYONE: Uint8Array = Uint8Array.of(0x51);

/** A clock that stands still at a time after every block of these tests. */
export const clock = { now: (): number => 1_800_000_000 };

/** What of a block its child needs to know. */
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

let extraNonce = 0;

/** A block as the parent of the next one. */
export function asParent(block: Block, height: number): Parent {
  return { hash: block.hash, height, time: block.header.time };
}

/** A valid block on `parent` with `txs`; `pays` changes what its coinbase takes. */
export function mineOn(parent: Parent, txs: readonly Tx[] = [], { pays = 0n } = {}): Block {
  const height = parent.height + 1;
  const nonce = new Uint8Array(4);
  new DataView(nonce.buffer).setUint32(0, ++extraNonce);
  const coinbase = new Tx({
    version: 2,
    inputs: [
      {
        prevout: { txid: ZERO_TXID, vout: NO_VOUT },
        scriptSig: concatBytes(buildScript([BigInt(height)]), Uint8Array.of(4), nonce),
        sequence: SEQUENCE_FINAL,
        witness: [],
      },
    ],
    outputs: [{ value: subsidy(height, params) + pays, scriptPubKey: ANYONE }],
    locktime: 0,
  });
  const all = [coinbase, ...txs];
  const { root } = merkleRoot(all.map(({ txid }) => txid));
  for (let word = 0; ; word++) {
    const header = new BlockHeader({
      version: 0x20000000,
      prevHash: parent.hash,
      merkleRoot: root,
      time: parent.time + 600,
      bits: params.genesis.header.bits,
      nonce: word,
    });
    if (hasProofOfWork(header.hash, header.bits, params.powLimit)) return new Block(header, all);
  }
}

/** `count` empty blocks on `parent`, one on the other. */
export function mineChain(parent: Parent, count: number): Block[] {
  const blocks: Block[] = [];
  let last = parent;
  for (let i = 0; i < count; i++) {
    const block = mineOn(last);
    blocks.push(block);
    last = asParent(block, last.height + 1);
  }
  return blocks;
}

/** Spends an output of OP_TRUE to `count` of the same. */
export function spend(prevout: OutPoint, value: bigint, count = 1): Tx {
  return new Tx({
    version: 2,
    inputs: [{ prevout, scriptSig: new Uint8Array(0), sequence: SEQUENCE_FINAL, witness: [] }],
    outputs: Array.from({ length: count }, () => ({
      value: value / BigInt(count),
      scriptPubKey: ANYONE,
    })),
    locktime: 0,
  });
}

/** Spends the coinbase of `block` in full. */
export function spendCoinbase(block: Block, count = 1): Tx {
  const coinbase = block.txs[0] as Tx;
  return spend({ txid: coinbase.txid, vout: 0 }, coinbase.outputs[0]?.value ?? 0n, count);
}
