/** Blocks and headers in the shape RPC shows them; profiles pick their members in the method tables. */
import type { BlockInfo, Chain } from '@coind/chain';
import type { Coin } from '@coind/consensus';
import {
  type Block,
  bytesToHex,
  decodeBits,
  difficultyOf,
  formatUint256,
  type Tx,
} from '@coind/primitives';
import { txJson } from './tx-json.ts';

/** Confirmations of a block: 1 for the tip, -1 for a block off the active chain. */
export function confirmationsOf(chain: Chain, { ref }: BlockInfo): number {
  return chain.isActive(ref.hash) ? chain.tip.ref.height - ref.height + 1 : -1;
}

/** Compact bits as RPC prints them. */
export function formatBits(bits: number): string {
  return bits.toString(16).padStart(8, '0');
}

/** The members of getblockheader. */
export function headerJson(chain: Chain, info: BlockInfo) {
  const { ref, header, chainwork, medianTimePast, txCount } = info;
  const next = chain.isActive(ref.hash) ? chain.at(ref.height + 1) : undefined;
  return {
    hash: ref.hash,
    confirmations: confirmationsOf(chain, info),
    height: ref.height,
    version: header.version,
    versionHex: (header.version >>> 0).toString(16).padStart(8, '0'),
    merkleroot: header.merkleRoot,
    time: header.time,
    mediantime: medianTimePast,
    nonce: header.nonce,
    bits: formatBits(header.bits),
    target: formatUint256(decodeBits(header.bits).target),
    difficulty: difficultyOf(header.bits),
    chainwork: formatUint256(chainwork),
    nTx: txCount,
    ...(ref.height > 0 && { previousblockhash: header.prevHash }),
    ...(next && { nextblockhash: next.ref.hash }),
  };
}

/** How much getblock tells about transactions: ids, members and fees, spent outputs too. */
export type BlockVerbosity = 1 | 2 | 3;

/** The members of getblock; `undo` holds the coins of every transaction but the coinbase. */
export function blockJson(
  chain: Chain,
  info: BlockInfo,
  block: Block,
  verbosity: BlockVerbosity,
  undo: readonly (readonly Coin[])[] | undefined,
) {
  const [coinbase] = block.txs as readonly [Tx];
  const [input] = coinbase.inputs as readonly [Tx['inputs'][number]];
  return {
    ...headerJson(chain, info),
    nTx: block.txs.length,
    strippedsize: block.strippedSize,
    size: block.size,
    weight: block.weight,
    coinbase_tx: {
      version: coinbase.version,
      locktime: coinbase.locktime,
      sequence: input.sequence,
      coinbase: bytesToHex(input.scriptSig),
      ...(input.witness[0] && { witness: bytesToHex(input.witness[0]) }),
    },
    tx:
      verbosity === 1
        ? block.txs.map((tx) => tx.txid)
        : block.txs.map((tx, index) => ({
            ...txJson(tx, chain.params, {
              spent: index > 0 ? undo?.[index - 1] : undefined,
              withPrevouts: verbosity === 3,
            }),
            hex: bytesToHex(tx.encode()),
          })),
  };
}
