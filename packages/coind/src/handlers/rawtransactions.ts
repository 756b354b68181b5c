/** Handlers of the methods that make, decode, sign and send transactions without a wallet's help. */
import type { BlockInfo, Chain } from '@coind/chain';
import type { Coin, ValidationError } from '@coind/consensus';
import type { Entry, Mempool } from '@coind/mempool';
import {
  type BlockHash,
  bytesToHex,
  type FeeRate,
  feeFor,
  type Sats,
  type Tx,
  type Txid,
} from '@coind/primitives';
import { type Handlers, type methods, RpcError, rpcError } from '@coind/rpc';
import { blockOfUnspent, knownUndoOf } from '../chain-lookup.ts';
import type { NodeModules, RpcContext } from '../context.ts';
import { parseHashType, parseKeys, parsePrevTxs, signGiven } from '../raw-signing.ts';
import { confirmationsOf } from '../shapes/block-json.ts';
import { newTx } from '../shapes/new-tx.ts';
import { parseTx, txJson } from '../shapes/tx-json.ts';
import { checkBurn } from './packages.ts';

/** Where a transaction was found: in the mempool, or in a block. */
type Found =
  | { readonly tx: Tx; readonly entry: Entry; readonly info?: undefined }
  | { readonly tx: Tx; readonly entry?: undefined; readonly info: BlockInfo };

async function findTx(
  { chain, indexes, mempool, params, profile }: NodeModules,
  txid: Txid,
  blockhash: BlockHash | undefined,
): Promise<Found> {
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
  const entry = mempool.get(txid);
  if (entry) return { tx: entry.tx, entry };
  const indexed = await indexes.tx?.find(txid);
  const info = indexed && chain.info(indexed.block);
  if (info) return { tx: indexed.tx, info };
  if (profile === 'legacy') {
    // Up to 0.16 an output that was unspent gave its transaction away.
    const made = await blockOfUnspent(chain, txid);
    const block = made && (await chain.block(made.ref.hash));
    const tx = block?.txs.find((one) => one.txid === txid);
    if (made && tx) return { tx, info: made };
  }
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

/** Refuses outputs that burn more than `maxBurn`, and fees above `maxFeeRate` (zero: any). */
async function checkSpending(
  mempool: Mempool,
  tx: Tx,
  maxFeeRate: FeeRate,
  maxBurn: Sats,
): Promise<void> {
  checkBurn(tx, maxBurn);
  if (maxFeeRate === 0n) return;
  const outcome = await mempool.test(tx);
  if (outcome.accepted && outcome.entry.fee > feeFor(maxFeeRate, tx.vsize)) {
    throw rpcError('feeAboveMaximum');
  }
}

/** Handlers of the methods that make, decode, sign and send transactions. */
export const rawtransactions: Handlers<typeof methods.rawtransactions, RpcContext> = {
  async getrawtransaction({ node }, { txid, verbosity, blockhash }) {
    const { tx, info, entry } = await findTx(node, txid, blockhash);
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
    const outpoints = tx.outputs.map((_, vout) => ({ txid: tx.txid, vout }));
    if ((await chain.coins(outpoints)).some((coin) => coin)) throw rpcError('alreadyInChain');
    await checkSpending(mempool, tx, maxfeerate, maxburnamount);
    const known = mempool.get(tx.txid);
    if (known) {
      // Whoever sends it once more may know that it did not reach everybody.
      node.peers.relay(known.tx.wtxid);
      return tx.txid;
    }
    const outcome = await mempool.submit(tx, { unbroadcast: true });
    if (!outcome.accepted) throw rejection(outcome.error);
    return tx.txid;
  },
};

/** A refusal by the mempool as sendrawtransaction words it: with 0.16's reject code in front there. */
export function rejection(error: ValidationError): RpcError {
  if (error.kind === 'missing-inputs') return rpcError('missingInputs');
  return new RpcError(-26, error.message, [-26, `${error.bip61}: ${error.reason}`]);
}
