/** Handlers of the methods that prove transactions to be in a block. */
import type { BlockInfo } from '@coind/chain';
import {
  type BlockHash,
  bytesToHex,
  compareBytes,
  DecodeError,
  encodeMerkleBlock,
  hexToBytes,
  hexToHash,
  isHex,
  type MerkleBlock,
  provenTxs,
  proveTxs,
  Reader,
  readMerkleBlock,
  type Txid,
} from '@coind/primitives';
import { type Handlers, type methods, RpcError, rpcError } from '@coind/rpc';
import { blockOfUnspent, bodyOf, infoOf } from '../chain-lookup.ts';
import type { NodeModules, RpcContext } from '../context.ts';

type Proofs = Pick<typeof methods.blockchain, 'gettxoutproof' | 'verifytxoutproof'>;

async function indexedBlock(
  { chain, indexes }: NodeModules,
  txid: Txid,
): Promise<BlockInfo | undefined> {
  await indexes.tx?.caughtUp();
  const indexed = await indexes.tx?.find(txid);
  return indexed && chain.info(indexed.block);
}

async function blockOf(
  node: NodeModules,
  txids: readonly Txid[],
  blockhash: BlockHash | undefined,
): Promise<BlockInfo> {
  const { chain } = node;
  if (blockhash !== undefined) return infoOf(chain, blockhash);
  // bitcoind goes through them by their bytes, and the index is asked for the first alone.
  const inOrder = txids.toSorted((a, b) => compareBytes(hexToHash(a), hexToHash(b)));
  const [first] = inOrder;
  const indexed = first && (await indexedBlock(node, first));
  if (indexed?.status === 'active') return indexed;
  for (const txid of inOrder) {
    const info = await blockOfUnspent(node.chain, txid);
    if (info) return info;
  }
  if (!indexed) throw new RpcError(-5, 'Transaction not yet in block');
  return indexed;
}

/** Reads a proof. Throws -8 and -1. */
export function decodeProof(hex: string): MerkleBlock {
  if (hex === '' || !isHex(hex)) throw rpcError('notHex', 'proof', hex);
  try {
    return readMerkleBlock(new Reader(hexToBytes(hex)));
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    throw new RpcError(-1, `The proof cannot be read: ${error.message}`);
  }
}

/** Handlers of the methods that prove transactions to be in a block. */
export const chainProofs: Handlers<Proofs, RpcContext> = {
  async gettxoutproof({ node }, { txids, blockhash }) {
    if (txids.length === 0) throw new RpcError(-8, "Parameter 'txids' cannot be empty");
    const wanted = new Set<Txid>();
    for (const txid of txids) {
      if (wanted.has(txid)) {
        throw new RpcError(-8, `Invalid parameter, duplicated txid: ${txid}`);
      }
      wanted.add(txid);
    }
    const info = await blockOf(node, txids, blockhash);
    const block = await bodyOf(node.chain, info, ["Can't read block from disk", -32603]);
    const all = block.txs.map(({ txid }) => txid);
    if (all.filter((txid) => wanted.has(txid)).length !== wanted.size) {
      throw new RpcError(-5, 'Not all transactions found in specified or retrieved block');
    }
    return bytesToHex(encodeMerkleBlock(proveTxs(block.header, all, wanted)));
  },

  verifytxoutproof({ node: { chain } }, { proof }) {
    const merkleBlock = decodeProof(proof);
    const proven = provenTxs(merkleBlock);
    if (!proven) return [];
    const info = chain.info(merkleBlock.header.hash);
    if (!info || info.txCount === 0 || !chain.isActive(info.ref.hash)) {
      throw new RpcError(-5, 'Block not found in chain');
    }
    return info.txCount === merkleBlock.txCount ? proven : [];
  },
};
