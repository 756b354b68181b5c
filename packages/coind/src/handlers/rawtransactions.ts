/** Handlers of the methods that make, decode, sign and send transactions without a wallet's help. */
import type { BlockInfo, Chain } from '@coind/chain';
import type { Coin, ValidationError } from '@coind/consensus';
import { type BlockHash, bytesToHex, feeFor, type Tx, type Txid } from '@coind/primitives';
import { type Handlers, type methods, RpcError, rpcError } from '@coind/rpc';
import { knownUndoOf } from '../chain-lookup.ts';
import type { NodeModules, RpcContext } from '../context.ts';
import { earlyReason } from '../early-rejects.ts';
import { parseHashType, parseKeys, parsePrevTxs, signGiven } from '../raw-signing.ts';
import { confirmationsOf } from '../shapes/block-json.ts';
import { newTx } from '../shapes/new-tx.ts';
import { parseTx, txJson } from '../shapes/tx-json.ts';
import { type FoundTx, findTx } from '../tx-lookup.ts';
import { checkBurn } from './packages.ts';

/** The transaction in the block that is named, or wherever it is. Throws -5 and -1. */
async function requireTx(
  node: NodeModules,
  txid: Txid,
  blockhash: BlockHash | undefined,
): Promise<FoundTx> {
  const { chain, indexes, params } = node;
  if (txid === params.genesis.txs[0]?.txid) throw rpcError('genesisCoinbase');
  if (blockhash !== undefined) {
    const info = chain.info(blockhash);
    if (!info) throw new RpcError(-5, 'Block hash not found');
    const block = await chain.block(blockhash);
    if (!block) throw new RpcError(-1, 'Block not available');
    const tx = block.txs.find((one) => one.txid === txid);
    if (!tx) throw rpcError('txNotFoundInBlock');
    return { tx, info };
  }
  const isReady = await indexes.tx?.caughtUp();
  const found = await findTx(node, txid);
  if (found) return found;
  if (isReady === undefined) throw rpcError('txNotFoundNoIndex');
  throw rpcError(isReady ? 'txNotFound' : 'txNotFoundYet');
}

/** The coins that `tx` of a block spent; undefined for a coinbase and when nobody knows them. */
async function coinsSpentBy(
  chain: Chain,
  tx: Tx,
  info: BlockInfo,
): Promise<readonly Coin[] | undefined> {
  if (tx.isCoinbase) return undefined;
  const block = await chain.block(info.ref.hash);
  const index = block?.txs.findIndex(({ txid }) => txid === tx.txid) ?? -1;
  return index < 0 ? undefined : (await knownUndoOf(chain, info))?.[index - 1];
}

/** True when an output of `tx` is unspent in the chain: then a block has it. */
async function isMined(chain: Chain, { txid, outputs }: Tx): Promise<boolean> {
  const coins = await chain.coins(outputs.map((_, vout) => ({ txid, vout })));
  return coins.some((coin) => coin !== undefined);
}

/** Handlers of the methods that make, decode, sign and send transactions. */
export const rawtransactions: Handlers<typeof methods.rawtransactions, RpcContext> = {
  async getrawtransaction({ node }, { txid, verbosity, blockhash }) {
    const { tx, info, entry } = await requireTx(node, txid, blockhash);
    if (verbosity <= 0) return bytesToHex(tx.encode());
    const { chain, params } = node;
    const isActive = info !== undefined && chain.isActive(info.ref.hash);
    const spent = verbosity >= 2 && info ? await coinsSpentBy(chain, tx, info) : undefined;
    return {
      ...(blockhash !== undefined && { in_active_chain: isActive }),
      ...(entry && { vsize_adjusted: entry.vsize }),
      ...txJson(tx, params, { spent, withPrevouts: verbosity >= 2 }),
      hex: bytesToHex(tx.encode()),
      ...(info && {
        blockhash: info.ref.hash,
        confirmations: Math.max(0, confirmationsOf(chain, info)),
      }),
      ...(isActive && { time: info.header.time, blocktime: info.header.time }),
    };
  },

  decoderawtransaction({ node }, { hexstring, iswitness }) {
    const form = iswitness === undefined ? 'either' : iswitness ? 'witness' : 'plain';
    const tx = parseTx(hexstring, form);
    if (!tx) throw rpcError('txDecodeFailed');
    return txJson(tx, node.params);
  },

  createrawtransaction({ node }, request) {
    return bytesToHex(newTx(request, node).encode());
  },

  async signrawtransactionwithkey({ node }, { hexstring, privkeys, prevtxs, sighashtype }) {
    const tx = parseTx(hexstring, 'witness');
    if (!tx) throw rpcError('txDecodeFailedNoInputs');
    const keys = parseKeys(privkeys, node.params);
    const prevOuts = await parsePrevTxs(node, tx, prevtxs);
    const hashType = parseHashType(sighashtype);
    return signGiven(node, tx, prevOuts, keys, hashType);
  },

  async sendrawtransaction({ node }, { hexstring, maxfeerate, maxburnamount }) {
    const { chain, mempool } = node;
    const tx = parseTx(hexstring, 'witness');
    if (!tx) throw rpcError('txDecodeFailedNoInputs');
    checkBurn(tx, maxburnamount);
    const known = mempool.get(tx.txid);
    if (known) {
      // Whoever sends it once more may know that it did not reach everybody.
      node.peers.relay(known.tx.wtxid);
      return tx.txid;
    }
    const maxFee = maxfeerate === 0n ? undefined : feeFor(maxfeerate, tx.vsize);
    const outcome = await mempool.submit(tx, { unbroadcast: true, maxFee });
    if (!outcome.accepted) {
      // Only asked now: what spends coins that are there is in no block.
      if (await isMined(chain, tx)) throw rpcError('alreadyInChain');
      throw await rejection(tx, outcome.error, node);
    }
    return tx.txid;
  },
};

/** A refusal by the mempool as sendrawtransaction words it: with 0.16's reject code in front there. */
async function rejection(tx: Tx, error: ValidationError, node: NodeModules): Promise<RpcError> {
  if (error.kind === 'missing-inputs') return rpcError('missingInputs');
  if (error.reason === 'max-fee-exceeded') return rpcError('feeAboveMaximum');
  if (node.profile !== 'legacy') return new RpcError(-26, error.message);
  return new RpcError(-26, await earlyReason(tx, error, node));
}
