/** Handlers of the methods by which blocks and headers are handed in, with BIP22's words for the answer. */
import { isBuriedActive, WITNESS_RESERVED_VALUE, witnessCommitmentIndex } from '@coind/consensus';
import {
  Block,
  BlockHeader,
  DecodeError,
  HEADER_SIZE,
  parseHex,
  Reader,
  Tx,
} from '@coind/primitives';
import { type Handlers, type methods, RpcError, rpcError } from '@coind/rpc';
import type { NodeModules, RpcContext } from '../context.ts';

type Submits = Pick<typeof methods.mining, 'submitblock' | 'submitheader'>;

/** Reads from the bytes in `hex`, of which more may follow; undefined when they are not what is read. */
export function readHex<T>(hex: string, read: (reader: Reader) => T): T | undefined {
  const bytes = parseHex(hex);
  if (!bytes) return undefined;
  try {
    return read(new Reader(bytes));
  } catch (error) {
    if (error instanceof DecodeError) return undefined;
    throw error;
  }
}

/** `block` with the reserved value in its coinbase, where it commits to witnesses without having one. */
function withReservedValue(block: Block, { chain, params }: NodeModules): Block {
  const [coinbase, ...rest] = block.txs;
  const [input, ...others] = coinbase?.inputs ?? [];
  const parent = chain.info(block.header.prevHash);
  if (!coinbase || !input || !parent || witnessCommitmentIndex(coinbase) < 0) return block;
  if (!isBuriedActive('segwit', parent.ref.height + 1, params)) return block;
  if (coinbase.inputs.some(({ witness }) => witness.length > 0)) return block;
  const { version, outputs, locktime } = coinbase;
  const inputs = [{ ...input, witness: [WITNESS_RESERVED_VALUE] }, ...others];
  return new Block(block.header, [new Tx({ version, inputs, outputs, locktime }), ...rest]);
}

/** Handlers of the methods by which blocks and headers are handed in. */
export const chainSubmit: Handlers<Submits, RpcContext> = {
  async submitblock({ node }, { hexdata }) {
    const block = readHex(hexdata, Block.read);
    if (!block) throw rpcError('blockDecodeFailed');
    const wasPruned = node.chain.info(block.hash)?.isPruned === true;
    const outcome = await node.chain.submitBlock(withReservedValue(block, node));
    switch (outcome.status) {
      case 'connected':
        // One that comes back after pruning is stored and not looked at again.
        return wasPruned ? 'inconclusive' : null;
      case 'duplicate':
        return 'duplicate';
      case 'invalid':
        return outcome.error.reason;
      default:
        // It stands on a branch: whether it is valid in full shows when that branch wins.
        return 'inconclusive';
    }
  },

  async submitheader({ node: { chain } }, { hexdata }) {
    const header =
      hexdata.length >= 2 * HEADER_SIZE ? readHex(hexdata, BlockHeader.read) : undefined;
    if (!header) throw new RpcError(-22, 'Block header decode failed');
    if (!chain.info(header.prevHash)) {
      throw new RpcError(-25, `Must submit previous header (${header.prevHash}) first`);
    }
    const outcome = await chain.submitHeader(header);
    if (outcome.status === 'invalid') throw new RpcError(-25, outcome.error.reason);
    return null;
  },
};
