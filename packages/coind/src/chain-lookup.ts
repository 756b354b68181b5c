/** What handlers ask of the chain by name or number, and the refusals bitcoind has for each miss. */
import type { BlockInfo, BlockUndo, Chain } from '@coind/chain';
import type { Block, BlockHash } from '@coind/primitives';
import { RpcError, rpcError } from '@coind/rpc';

/** The known block called `hash`. Throws -5. */
export function infoOf(chain: Chain, hash: BlockHash): BlockInfo {
  const info = chain.info(hash);
  if (!info) throw rpcError('blockNotFound');
  return info;
}

/** A known block by its hash, or by its height on the best chain. Throws -5 and -8. */
export function blockAt(chain: Chain, hashOrHeight: BlockHash | number): BlockInfo {
  if (typeof hashOrHeight !== 'number') return infoOf(chain, hashOrHeight);
  if (hashOrHeight < 0) {
    throw new RpcError(-8, `Target block height ${hashOrHeight} is negative`);
  }
  const info = chain.at(hashOrHeight);
  if (info) return info;
  const tip = chain.tip.ref.height;
  throw new RpcError(-8, `Target block height ${hashOrHeight} after current tip ${tip}`);
}

/** Throws -8 for a block off the best chain. */
export function requireActive(chain: Chain, { ref }: BlockInfo): void {
  if (!chain.isActive(ref.hash)) throw new RpcError(-8, 'Block is not in main chain');
}

/** The body of a block. Throws -1 when it is not there. */
export async function bodyOf(chain: Chain, info: BlockInfo): Promise<Block> {
  const block = await chain.block(info.ref.hash);
  if (!block) throw missingBody(info);
  return block;
}

/** The refusal for a block whose body is not there. */
export function missingBody({ isPruned }: BlockInfo): RpcError {
  const reason = isPruned ? 'pruned data' : 'not fully downloaded';
  return new RpcError(-1, `Block not available (${reason})`);
}

/** The coins a block spent, the coinbase left out. Throws -1 when they are not there. */
export async function undoOf(chain: Chain, info: BlockInfo): Promise<BlockUndo> {
  if (info.ref.height === 0) return [];
  const undo = await chain.undo(info.ref.hash);
  if (undo) return undo;
  if (info.isPruned) throw new RpcError(-1, 'Undo data not available (pruned data)');
  throw new RpcError(-1, "Can't read undo data from disk");
}
