/** Handlers of the wallet methods about its past. */
import type { BlockRef } from '@coind/consensus';
import { type BlockHash, bytesToHex, type ChainParams, ZERO_HASH } from '@coind/primitives';
import { type Handlers, type methods, RpcError, rpcError } from '@coind/rpc';
import type { HistoryFilter, HistoryPlace, TxView } from '@coind/wallet';
import { bodyOf } from '../chain-lookup.ts';
import type { NodeModules, WalletContext } from '../context.ts';
import { txJson } from '../shapes/tx-json.ts';
import { detailJson, entryJson, lastBlockOf, outcomeJson } from '../shapes/wallet-json.ts';

/** The last block of the active chain below `hash`, and the blocks that left it since. */
async function leftSince({ chain }: NodeModules, hash: BlockHash) {
  const info = chain.info(hash);
  if (!info) throw rpcError('blockNotFound');
  const left: BlockRef[] = [];
  let { ref, header } = info;
  while (!chain.isActive(ref.hash)) {
    left.push(ref);
    const parent = chain.info(header.prevHash);
    if (!parent) throw rpcError('blockNotFound');
    ({ ref, header } = parent);
  }
  return { fork: ref, left };
}

function entriesOf(views: readonly TxView[], node: NodeModules) {
  return views.flatMap((view) =>
    view.details.map((detail) => ({ ...detailJson(view, detail), ...outcomeJson(view, node) })),
  );
}

/** A decoded transaction with the wallet's change marked. */
function ownTxJson({ tx, change }: TxView, params: ChainParams) {
  const decoded = txJson(tx, params);
  return {
    ...decoded,
    vout: decoded.vout.map((output) =>
      change.includes(output.n) ? { ...output, ischange: true } : output,
    ),
  };
}

/** A place in the history as callers hand it back. */
const formatCursor = ({ order, nth }: HistoryPlace): string => `${order}.${nth}`;

/** The place that such a text means. Throws -8. */
function parseCursor(text: string): HistoryPlace {
  const match = /^([0-9]{1,15})\.([0-9]{1,9})$/.exec(text);
  if (!match) throw new RpcError(-8, `Invalid cursor: ${text}`);
  return { order: Number(match[1]), nth: Number(match[2]) };
}

/** Handlers of the wallet methods about its past. */
export const walletHistory: Handlers<typeof methods.walletHistory, WalletContext> = {
  async listtransactions({ wallet, node }, args) {
    const { label, account, count, skip, include_watchonly, cursor } = args;
    if (count < 0) throw rpcError('negativeCount');
    if (skip < 0) throw rpcError('negativeFrom');
    if (label === '') throw rpcError('labelArgument');
    const name = account ?? label;
    const by =
      name === undefined || name === '*' ? 'all' : account !== undefined ? 'account' : 'label';
    const entries = await wallet.listTransactions(
      {
        by,
        ...(by !== 'all' && name !== undefined && { name }),
        moves: account !== undefined,
        watched: include_watchonly,
      },
      count,
      skip,
      cursor ? parseCursor(cursor) : undefined,
    );
    // Whose entry it is shows only where accounts were asked for.
    return entries.map((entry) => {
      const { account: owner, ...rest } = entryJson(entry, node);
      const line = account === undefined ? rest : { account: owner, ...rest };
      return cursor === undefined ? line : { ...line, cursor: formatCursor(entry.place) };
    });
  },

  async gettransaction({ wallet, node }, { txid, include_watchonly, verbose }) {
    const filter = { by: 'all', moves: true, watched: include_watchonly } as const;
    const view = await wallet.transaction(txid, filter);
    const { lastBlock } = await wallet.balances();
    return {
      amount: view.amount,
      ...(view.fee !== undefined && { fee: view.fee }),
      ...outcomeJson(view, node),
      details: view.details.map((detail) => detailJson(view, detail)),
      hex: bytesToHex(view.tx.encode()),
      ...(verbose && { decoded: ownTxJson(view, node.params) }),
      lastprocessedblock: lastBlockOf({ lastBlock }),
    };
  },

  async abandontransaction({ wallet }, { txid, conflicted_too }) {
    await wallet.abandon(txid, { conflictedToo: conflicted_too });
    return null;
  },

  resendwallettransactions: ({ wallet }) => wallet.resend(),

  async listsinceblock({ wallet, node }, args) {
    const { blockhash, target_confirmations, include_removed, include_change, label } = args;
    const { chain } = node;
    const since = blockhash ? await leftSince(node, blockhash) : undefined;
    if (target_confirmations < 1) throw new RpcError(-8, 'Invalid parameter');
    const by = label === undefined ? { by: 'all' as const } : { by: 'label' as const, name: label };
    const watched = args.include_watchonly;
    const filter: HistoryFilter = { ...by, moves: false, change: include_change, watched };
    const views = await wallet.transactionsSince(since?.fork.height ?? -1, filter);
    const removed: TxView[] = [];
    for (const { hash } of include_removed ? (since?.left ?? []) : []) {
      const info = chain.info(hash);
      if (!info) throw rpcError('blockNotFound');
      const block = await bodyOf(chain, info, ["Can't read block from disk", -32603]);
      removed.push(...(await wallet.transactionsIn(block, filter)));
    }
    const lastHeight = chain.tip.ref.height + 1 - target_confirmations;
    // Before the first block 0.16 named none.
    const oldest = node.profile === 'legacy' ? ZERO_HASH : (chain.at(0)?.ref.hash ?? ZERO_HASH);
    return {
      transactions: entriesOf(views, node),
      ...(include_removed && { removed: entriesOf(removed, node) }),
      lastblock: lastHeight < 0 ? oldest : (chain.at(lastHeight)?.ref.hash ?? ZERO_HASH),
    };
  },

  async listaddressgroupings({ wallet }) {
    const groups = await wallet.addressGroupings();
    return groups.map((group) =>
      group.map(({ address, balance, label }) => [address, balance, label] as const),
    );
  },
};
