/** What handlers ask of the chain by name or number, and the refusals bitcoind has for each miss. */
import { type BlockInfo, type BlockUndo, type Chain, ChainError } from '@coind/chain';
import type { Block, BlockHash, Txid } from '@coind/primitives';
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

/** What `read` finds; a file that is gone or damaged is a refusal of the call, not of the node. */
async function fromDisk<T>(read: Promise<T>, text: string, code = -1): Promise<T> {
  try {
    return await read;
  } catch (error) {
    if (error instanceof ChainError) throw new RpcError(code, text);
    throw error;
  }
}

/** What is said of a file that cannot be read: bitcoind has no one text for it. */
type DiskRefusal = readonly [text: string, code: number];

/** The body of a block. Throws -1 when it is not there, `refusal` when its file cannot be read. */
export async function bodyOf(
  chain: Chain,
  info: BlockInfo,
  refusal: DiskRefusal = ['Block not found on disk', -1],
): Promise<Block> {
  const block = await fromDisk(chain.block(info.ref.hash), ...refusal);
  if (!block) throw missingBody(info);
  return block;
}

/** The bytes of a block. Throws -1 when they are not there. */
export async function bytesOf(chain: Chain, info: BlockInfo): Promise<Uint8Array> {
  const bytes = await fromDisk(chain.blockBytes(info.ref.hash), 'Block not found on disk');
  if (!bytes) throw missingBody(info);
  return bytes;
}

function missingBody({ isPruned }: BlockInfo): RpcError {
  const reason = isPruned ? 'pruned data' : 'not fully downloaded';
  return new RpcError(-1, `Block not available (${reason})`);
}

/** The coins a block spent, the coinbase left out. Throws -1 when they are not there. */
export async function undoOf(chain: Chain, info: BlockInfo): Promise<BlockUndo> {
  if (info.ref.height === 0) return [];
  const text = "Can't read undo data from disk";
  const undo = await fromDisk(chain.undo(info.ref.hash), text);
  if (undo) return undo;
  throw new RpcError(-1, `Undo data not available${info.isPruned ? ' (pruned data)' : ''}`);
}

/** The coins a block spent, as far as they are known: pruned ones are not. Throws -32603 for a bad file. */
export function knownUndoOf(chain: Chain, info: BlockInfo): Promise<BlockUndo | undefined> {
  const text =
    "Undo data expected but can't be read. This could be due to disk corruption or a conflict with a pruning event.";
  return info.isPruned
    ? Promise.resolve(undefined)
    : fromDisk(chain.undo(info.ref.hash), text, -32603);
}

/** Outputs of one transaction that are looked for at once when only its txid is known. */
const OUTPUTS_PER_LOOK = 1000;
/** More outputs than a block has room for. */
const MAX_OUTPUTS = 112_000;

/** The block of the best chain that made `txid`, told by an output of it that is unspent. */
export async function blockOfUnspent(chain: Chain, txid: Txid): Promise<BlockInfo | undefined> {
  // Outputs are numbered without gaps, but those in front may all be spent.
  for (let first = 0; first < MAX_OUTPUTS; first += OUTPUTS_PER_LOOK) {
    const outpoints = Array.from({ length: OUTPUTS_PER_LOOK }, (_, i) => ({
      txid,
      vout: first + i,
    }));
    const found = (await chain.coins(outpoints)).find((coin) => coin);
    if (found) return chain.at(found.height);
  }
  return undefined;
}
